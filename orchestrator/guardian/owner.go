//go:build linux || darwin

package guardian

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"devloop/orchestrator/proctable"
)

const (
	// A guardian that was killed is started again at once, the next one after a pause from the end of the one before
	// it, which doubles each time up to the maximum. One that has lived that long starts the count again.
	againFirst = 50 * time.Millisecond
	againLast  = 30 * time.Second
	// A message waits no longer than this for a guardian that does not read because it was stopped. The crash record
	// has the same content.
	sendPatience = 50 * time.Millisecond
	// A guardian that was told to end does so within a moment.
	endPatience = 5 * time.Second
)

// Guardian is the second process, as the loop sees it. All methods may be called by any goroutine.
type Guardian struct {
	self string
	opt  Options
	gone chan struct{} // closed when no guardian runs any more, nor will
	end  chan struct{} // closed by Close

	mu     sync.Mutex // guards what follows
	crash  *crashRecord
	file   *os.File // the crash record, or nil
	pipe   *os.File
	proc   *os.Process // nil while none runs
	closed bool

	expected map[uint64]bool // pipes of commands that are being started
}

// Start starts a guardian for the calling process. self is the running program, which imports this package, "" for the
// default: /proc/self/exe on Linux, [os.Executable] elsewhere. Call it before the first command is started, and Close
// when the last one is gone. Everything that carries opt.Mark must have been started by this process.
func Start(self string, opt Options) (*Guardian, error) {
	if !valid(opt.Mark) {
		return nil, &wrap{"start guardian", errors.New("its mark is not one of NewMark's: " + opt.Mark)}
	}
	if self == "" {
		self = program()
	}
	l, err := newCrashRecord(opt.Mark, opt.grace())
	if err != nil {
		return nil, &wrap{"start guardian", err}
	}
	g := &Guardian{self: self, opt: opt, crash: l, gone: make(chan struct{}), end: make(chan struct{}), expected: map[uint64]bool{}}
	if opt.CrashRecord != "" {
		if g.file, err = l.create(opt.CrashRecord); err != nil {
			return nil, &wrap{"write crash record", err}
		}
	}
	if err := g.start(); err != nil {
		return nil, &wrap{"start guardian", errors.Join(err, g.dropRecord())}
	}
	go g.keep(g.proc)
	return g, nil
}

func program() string {
	const self = "/proc/self/exe"
	if runtime.GOOS == "linux" {
		if _, err := os.Lstat(self); err == nil {
			return self
		}
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// start starts the process and sends it everything. It is called under the mutex, or before there are other goroutines.
func (g *Guardian) start() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		_ = r.Close() // nothing went through it
		_ = w.Close()
		return err
	}
	// The mark of an outer loop stays, so that the outer one can find it; with the loop's own it would end itself.
	env := []string{"GOMAXPROCS=1", "GOTRACEBACK=none", "GORACE=atexit_sleep_ms=0"}
	if outer := inherited(os.Environ()); outer != "" {
		env = append(env, Name+"="+outer)
	}
	terminal := null
	if g.opt.Terminal != nil {
		terminal = g.opt.Terminal.File
	}
	proc, err := os.StartProcess(g.self, []string{"devloop-guardian", marker}, &os.ProcAttr{
		Dir: "/", Env: env, Files: []*os.File{r, terminal, null}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	_ = r.Close()    // the guardian has its own
	_ = null.Close() // the same
	if err != nil {
		_ = w.Close() // nothing went through it
		return err
	}
	g.pipe, g.proc = w, proc
	orders := "mark " + g.crash.mark + "\ngrace " + strconv.FormatInt(g.crash.grace.Milliseconds(), 10) +
		"\nborn " + strconv.FormatUint(g.crash.start, 10) + "\n"
	if t := g.opt.Terminal; t != nil {
		orders += "terminal " + hex(t.Before) + " " + hex(t.During) + " " + hex([]byte(t.Reset)) + "\n"
	}
	for dir := range g.crash.dirs {
		orders += "dir " + dir + "\n"
	}
	for pipe := range g.expected {
		orders += "expect " + strconv.FormatUint(pipe, 10) + "\n"
	}
	for _, pid := range g.crash.pids() {
		orders += "add " + pair(pid, g.crash.roots[pid]) + "\n"
	}
	g.send(orders)
	return nil
}

// send sends the guardian a message. If it is gone, it gets it when it is started again.
func (g *Guardian) send(text string) {
	_ = g.pipe.SetWriteDeadline(time.Now().Add(sendPatience)) // every system here has it for pipes
	_, _ = g.pipe.Write([]byte(text))                         // see above
}

// keep waits for the guardian, and starts it again unless this process ended it.
func (g *Guardian) keep(proc *os.Process) {
	defer close(g.gone)
	pause := time.Duration(0)
	for times := 1; ; times++ {
		began := time.Now()
		for proc != nil {
			_, _ = proc.Wait() // it has nothing to say
			proc = nil
		}
		if time.Since(began) > againLast {
			pause = 0
		}
		g.mu.Lock()
		_ = g.pipe.Close() // a write would reach no process
		g.proc = nil
		closed := g.closed
		g.mu.Unlock()
		if closed {
			return
		}
		if g.opt.Lost != nil {
			g.opt.Lost(times, pause)
		}
		if pause > 0 && !g.rest(pause) {
			return
		}
		pause = min(max(2*pause, againFirst), againLast)
		g.mu.Lock()
		if !g.closed && g.start() == nil { // else it is tried again, after a longer pause
			proc = g.proc
		}
		g.mu.Unlock()
	}
}

// rest is false if Close comes first.
func (g *Guardian) rest(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.end:
		return false
	}
}

// pid is the process id of the guardian, 0 while none runs. It changes when a guardian that was killed is started
// again.
func (g *Guardian) pid() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.proc == nil {
		return 0
	}
	return g.proc.Pid
}

// Is tells whether pid is the guardian, a child of this process that no other code may wait for.
func (g *Guardian) Is(pid int) bool { return pid > 0 && g.pid() == pid }

// Add records living processes: if the loop ends suddenly, their groups, their sessions and all their descendants are
// ended too, with or without the mark. The caller is sure that they are the loop's; those that do not exist are
// skipped.
func (g *Guardian) Add(pids ...int) {
	fresh := map[int]uint64{}
	for _, pid := range pids {
		if p, ok := proctable.Read(pid); ok && pid > 1 {
			fresh[pid] = p.Start
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	text := ""
	for pid, start := range fresh {
		if g.crash.roots[pid] != start {
			g.crash.roots[pid] = start
			text += "add " + pair(pid, start) + "\n"
		}
	}
	g.record(text)
}

// Expect says that a command is about to be started whose standard output or error is this pipe, by its inode, which no
// other command has. If the loop ends suddenly before it has called Add, every process that writes there is ended: a
// command can lose the mark before its pid is reported. Call Forgo after Add, or if there is no such command. It has an
// effect only on Linux.
func (g *Guardian) Expect(pipe uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.expected[pipe] = true
		g.send("expect " + strconv.FormatUint(pipe, 10) + "\n")
	}
}

// Forgo undoes Expect.
func (g *Guardian) Forgo(pipe uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed && g.expected[pipe] {
		delete(g.expected, pipe)
		g.send("forgo " + strconv.FormatUint(pipe, 10) + "\n")
	}
}

// Remove undoes Add: the processes are gone, with their groups.
func (g *Guardian) Remove(pids ...int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	text := ""
	for _, pid := range pids {
		if _, known := g.crash.roots[pid]; known {
			delete(g.crash.roots, pid)
			text += "remove " + strconv.Itoa(pid) + "\n"
		}
	}
	g.record(text)
}

// record sends a message to the guardian, and rewrites the crash record.
func (g *Guardian) record(text string) {
	if text == "" {
		return
	}
	g.send(text)
	if g.file != nil {
		_, _ = g.file.WriteAt(g.crash.text(), 0) // the guardian knows it; the file is needed only if both are killed
	}
}

// AddDirectory records a directory that this process has made for itself alone, with mode 0700, by its absolute path:
// if the loop ends suddenly, the guardian removes it with its content, or else the next Sweep.
func (g *Guardian) AddDirectory(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed && ofALine(path) && !g.crash.dirs[path] {
		g.crash.dirs[path] = true
		g.record("dir " + path + "\n")
	}
}

// RemoveDirectory undoes AddDirectory: the directory is gone.
func (g *Guardian) RemoveDirectory(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed && g.crash.dirs[path] {
		delete(g.crash.dirs, path)
		g.record("undir " + path + "\n")
	}
}

// Finish ends, with the grace, every process that still carries the loop's mark or was recorded: daemons that commands
// have left. It returns their pids when they are gone; the guardian still runs meanwhile. Call it when the loop has
// ended its commands, then Close. adopting says that this process has adopted all orphans since before its first
// command: then nothing can be left as long as it has no child, and no other process is looked at.
func (g *Guardian) Finish(adopting bool) (ended []int, err error) {
	g.mu.Lock()
	roots := map[int]uint64{}
	for pid, start := range g.crash.roots {
		roots[pid] = start
	}
	g.mu.Unlock()
	if adopting && len(roots) == 0 && !g.hasChildren() {
		return nil, nil
	}
	k := newKiller(g.crash.mark, roots, g.crash.start, true)
	k.quiet = 2             // nothing was started recently
	k.since = g.crash.start // this process knows the orphans of its commands, and commands begin sessions
	return k.run(g.crash.grace, patience)
}

// hasChildren tells whether this process has, or may have, a living child besides the guardian.
func (g *Guardian) hasChildren() bool {
	for n := range 2 { // a child that is collected meanwhile can hide another one
		if n > 0 {
			<-time.After(lookMin)
		}
		children, err := proctable.Children(os.Getpid())
		if err != nil {
			return true
		}
		for _, pid := range children {
			if p, ok := proctable.Read(pid); ok && !p.Dead && !g.Is(pid) {
				return true
			}
		}
	}
	return false
}

// Close tells the guardian that the loop ends normally, waits for it to exit, and removes the crash record. It ends no
// command. Only the first call does anything.
func (g *Guardian) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		<-g.gone
		return nil
	}
	g.closed = true
	close(g.end)
	g.send("end\n")
	proc := g.proc
	g.mu.Unlock()
	select {
	case <-g.gone:
	case <-time.After(endPatience): // it was stopped; at the end of file it would end everything, and nothing is left
		if proc != nil {
			_ = proc.Kill() // already gone is as good
		}
		<-g.gone
	}
	return g.dropRecord()
}

// dropRecord removes the crash record: nothing is left to find.
func (g *Guardian) dropRecord() error {
	if g.file == nil {
		return nil
	}
	_ = g.file.Close() // its content is not needed any more
	if err := os.Remove(g.opt.CrashRecord); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &wrap{"remove crash record", err}
	}
	return nil
}
