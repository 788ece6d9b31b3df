//go:build unix

package procgroup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The test binary is its own child: with childKey in its environment it does
// what its arguments say. Every process of a test's tree holds two pipes:
//
//	fd 3, report: it writes lines about itself there. When the test reads end
//	of file, every process that ever held it is gone: that is how a test
//	knows, without looking at numbers that may be reused.
//	fd 4, lifeline: it reads there, and ends at end of file. So nothing
//	outlives a test that fails.
const childKey = "PROCGROUP_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childKey) != "" {
		os.Exit(childMain(os.Args[1], os.Args[2:]))
	}
	goleak.VerifyTestMain(m)
}

// childEnv makes a child of this binary: one that ends at once under the race
// detector too, which otherwise waits a second for late reports.
func childEnv(env ...string) []string {
	return append(env, childKey+"=1", "GORACE=atexit_sleep_ms=0")
}

func childMain(mode string, args []string) int {
	switch mode {
	case "print": // each argument, as it is
		for _, a := range args {
			fmt.Print(a)
		}
	case "stderr": // to both, alternating
		for i := range 100 {
			fmt.Fprintf(os.Stdout, "out %d\n", i)
			fmt.Fprintf(os.Stderr, "err %d\n", i)
		}
	case "exit":
		code, _ := strconv.Atoi(args[0])
		return code
	case "die": // by a signal
		sig, err := ParseSignal(args[0])
		if err != nil {
			return 99
		}
		signal.Reset(sig)
		_ = syscall.Kill(os.Getpid(), sig.(syscall.Signal))
		select {}
	case "where":
		wd, _ := os.Getwd()
		in, _ := io.ReadAll(os.Stdin)
		sid, _ := unix.Getsid(0)
		flags, _ := unix.FcntlInt(1, unix.F_GETFL, 0)
		fmt.Printf("%s\n%s\n%d\n%v %v\n%v\n", wd, os.Getenv("PWD"), len(in),
			sid == os.Getpid(), syscall.Getpgrp() == os.Getpid(), flags&unix.O_NONBLOCK == 0)
	case "env":
		for _, kv := range os.Environ() {
			fmt.Println(kv)
		}
	case "flags": // O_NONBLOCK of fd 3
		flags, err := unix.FcntlInt(3, unix.F_GETFL, 0)
		fmt.Println(flags&unix.O_NONBLOCK != 0, err)
	case "sit": // reports, and waits for the end of the test
		report(args)
		lifeline()
	case "stubborn": // sit, and ignore what asks it to go
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		report(args)
		lifeline()
	case "usr1": // reports the signals that it gets
		got := make(chan os.Signal, 10)
		signal.Notify(got, syscall.SIGUSR1, syscall.SIGTERM)
		report(args)
		go func() { lifeline(); os.Exit(0) }()
		for sig := range got {
			say("got " + signalName(sig))
			if sig == syscall.SIGTERM {
				return 7
			}
		}
	case "tree": // a chain of stubborn processes, args[0] deep
		signal.Ignore(syscall.SIGTERM)
		if depth, _ := strconv.Atoi(args[0]); depth > 0 {
			spawn(nil, "tree", strconv.Itoa(depth-1))
		}
		report([]string{"node"})
		lifeline()
	case "leave": // starts args[1:] in the way that args[0] says, and ends at SIGUSR2
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGUSR2)
		spawn(away(args[0]), args[1], args[2:]...)
		<-told
	case "lead": // like leave, but stays
		spawn(away(args[0]), args[1], args[2:]...)
		lifeline()
	case "talker": // args[0] to the output, and sit
		fmt.Print(args[0])
		report([]string{"talker"})
		lifeline()
	case "flooder": // writes without end
		report(args)
		go func() { lifeline(); os.Exit(0) }()
		for {
			if _, err := os.Stdout.Write(make([]byte, 1000)); err != nil {
				return 1
			}
		}
	case "deserter": // leaves a child in the group that it never collects, and goes away itself
		spawn(nil, "sit", "child")
		_, _ = unix.Setsid()
		report([]string{"deserter"})
		lifeline()
	case "flood": // args[0] lines, numbered
		n, _ := strconv.Atoi(args[0])
		w := bufio.NewWriterSize(os.Stdout, 64<<10)
		for i := range n {
			fmt.Fprintf(w, "line %d of the flood\n", i)
		}
		_ = w.Flush()
	case "tty": // what it knows of its terminal
		size := func() string {
			ws, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ)
			if err != nil {
				return err.Error()
			}
			return fmt.Sprint(ws.Row, " ", ws.Col)
		}
		is := func(fd int) bool { _, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); return err == nil }
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err == nil {
			defer tty.Close()
		}
		group, _ := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		flags, _ := unix.FcntlInt(1, unix.F_GETFL, 0)
		fmt.Printf("terminals: %v %v %v\nsize: %s\n", is(0), is(1), is(2), size())
		fmt.Printf("controlling: %v, foreground: %v, blocking: %v\n", err == nil, group == syscall.Getpgrp(), flags&unix.O_NONBLOCK == 0)
		fmt.Printf("fd 3 is a terminal: %v\n", is(3))
	case "echo": // repeats lines, and reports the terminal's size when it changes
		resized := make(chan os.Signal, 10)
		signal.Notify(resized, syscall.SIGWINCH)
		report([]string{"echo"})
		go func() { lifeline(); os.Exit(0) }()
		go func() {
			for range resized {
				if ws, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ); err == nil {
					say(fmt.Sprintf("size: %d %d", ws.Row, ws.Col))
				}
			}
		}()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Printf("read %q\n", lines.Text())
		}
	case "closer": // closes its standard files and lives on
		got := make(chan os.Signal, 10)
		signal.Notify(got, syscall.SIGUSR1, syscall.SIGTERM)
		fmt.Println("closing")
		for fd := range 3 {
			_ = syscall.Close(fd)
		}
		report(args)
		go func() { lifeline(); os.Exit(0) }()
		for sig := range got {
			say("got " + signalName(sig))
			if sig == syscall.SIGTERM {
				return 7
			}
		}
	case "pump": // args[0] MiB of 80-byte lines, as fast as it goes
		n, _ := strconv.Atoi(args[0])
		chunk := []byte(strings.Repeat(strings.Repeat("x", 79)+"\n", 64<<10/80))
		for left := n << 20; left > 0; left -= len(chunk) {
			if _, err := os.Stdout.Write(chunk); err != nil {
				return 1
			}
		}
	default:
		fmt.Fprintln(os.Stderr, "unknown mode", mode)
		return 98
	}
	return 0
}

// The files are made once: one that is collected as garbage closes its number.
var (
	reportPipe   = sync.OnceValue(func() *os.File { return os.NewFile(3, "report") })
	lifelinePipe = sync.OnceValue(func() *os.File { return os.NewFile(4, "lifeline") })
)

func say(line string) { fmt.Fprintln(reportPipe(), line) }

// report writes "NAME PID".
func report(args []string) { say(fmt.Sprintf("%s %d", strings.Join(args, " "), os.Getpid())) }

func lifeline() { _, _ = io.Copy(io.Discard, lifelinePipe()) }

// spawn starts this binary again, with the pipes. Nobody but who adopts it
// will collect it.
func spawn(attr *syscall.SysProcAttr, mode string, args ...string) {
	cmd := exec.Command(os.Args[0], append([]string{mode}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = attr
	cmd.ExtraFiles = []*os.File{reportPipe(), lifelinePipe()}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "spawn:", err)
		os.Exit(97)
	}
}

// away is how a child leaves the group, or not.
func away(how string) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: how == "setsid", Setpgid: how == "setpgid"}
}

// testTree holds the test's ends of the two pipes.
type testTree struct {
	t       testing.TB
	reports *bufio.Reader
	ours    []*os.File
	files   []*os.File // the children's
}

func newTestTree(t testing.TB) *testTree {
	t.Helper()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	lifeR, lifeW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	setBlocking(t, reportW)
	setBlocking(t, lifeR)
	tr := &testTree{
		t:       t,
		reports: bufio.NewReader(reportR),
		ours:    []*os.File{lifeW, reportR},
		files:   []*os.File{reportW, lifeR},
	}
	t.Cleanup(tr.close)
	return tr
}

// close ends what is left of the tree.
func (tr *testTree) close() {
	for _, f := range append(tr.ours, tr.files...) {
		f.Close()
	}
}

// setBlocking undoes what os.Pipe sets: children expect plain descriptors.
func setBlocking(t testing.TB, f *os.File) {
	t.Helper()
	if err := withDescriptors([]*os.File{f}, nil, func(fds []uintptr) error {
		return unix.SetNonblock(int(fds[0]), false)
	}); err != nil {
		t.Fatal(err)
	}
}

// start starts the child in a mode, with the two pipes.
func (tr *testTree) start(spec Spec, tune tuning, args ...string) *Group {
	tr.t.Helper()
	spec.Argv = append([]string{os.Args[0]}, args...)
	return tr.startAny(spec, tune)
}

func (tr *testTree) startAny(spec Spec, tune tuning) *Group {
	tr.t.Helper()
	spec.Env = childEnv(os.Environ()...)
	spec.Files = tr.files
	if tune.patience == 0 {
		tune.patience = busyPatience
	}
	g, err := start(spec, tune)
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, f := range tr.files {
		f.Close()
	}
	tr.t.Cleanup(func() { _ = g.Kill(); waitFor(tr.t, g.Done(), "the end of the group, in the clean-up") })
	return g
}

// report reads a line "NAME PID".
func (tr *testTree) report() (name string, pid int) {
	tr.t.Helper()
	line := tr.line()
	i := strings.LastIndexByte(line, ' ')
	pid, err := strconv.Atoi(line[i+1:])
	if i < 0 || err != nil {
		tr.t.Fatalf("a report that is none: %q", line)
	}
	return line[:i], pid
}

func (tr *testTree) line() string {
	tr.t.Helper()
	_ = tr.ours[1].SetReadDeadline(time.Now().Add(30 * time.Second)) // instead of a hang
	line, err := tr.reports.ReadString('\n')
	if err != nil {
		tr.t.Fatalf("read report: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// allGone waits until no process holds the report pipe.
func (tr *testTree) allGone() {
	tr.t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = tr.ours[1].SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, tr.reports)
	}()
	waitFor(tr.t, ended, "the end of every process that holds the report pipe")
}

// waitFor fails a test that would otherwise hang; the time is no expectation.
func waitFor(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited 30 s for %s", what)
	}
}

// sink collects output.
type sink struct {
	mu   sync.Mutex
	text []byte
}

func (s *sink) write(b Block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b.Text...)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// run starts the child in a mode and waits for its end.
func run(t testing.TB, spec Spec, args ...string) (string, Exit) {
	t.Helper()
	var out sink
	spec.Argv = append([]string{os.Args[0]}, args...)
	if spec.Env == nil {
		spec.Env = os.Environ()
	}
	spec.Env = childEnv(spec.Env...)
	spec.Output = out.write
	g, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	return out.String(), g.Exit()
}
