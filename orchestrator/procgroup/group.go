package procgroup

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// busyPatience is how long a start waits for a program that is still open
	// for writing. Such a program is as good as written: whoever forked while
	// a linker or a copy had it open holds the descriptor until its exec.
	busyPatience = time.Second

	// linger is how long the output may stay open when the group is gone: then
	// only somebody who left it can hold it.
	linger = 50 * time.Millisecond

	// No system tells when the last member of a group ends. So it is asked,
	// from once a millisecond to twenty times a second, between the end of a
	// leader and that of what it left behind.
	pollMin = time.Millisecond
	pollMax = 50 * time.Millisecond

	// Of so many looks one also tells zombies from the living, which costs a
	// read of the whole process table.
	pollsPerScan = 4

	// Kill waits so long for a tree to stand still before it sends SIGKILL:
	// for those that cannot stop, and for one that grows faster than it can be
	// looked at.
	stuckPatience  = 50 * time.Millisecond
	freezePatience = time.Second
)

// Group is one command and everything it started. All methods may be called at
// any time by any goroutine; none but Start and Members takes longer than a few
// system calls (on Linux Stop, Hold and Kill read the process table).
type Group struct {
	name    string
	grace   time.Duration
	started chan struct{}
	leader  chan struct{}
	done    chan struct{}
	cancel  chan struct{} // closed by a stop that comes before the start
	kick    chan struct{} // holds one: look again at what is left
	over    chan struct{} // closed with gone

	killer sync.WaitGroup // the goroutine that carries out Kill

	mu     sync.Mutex // guards what follows, and every use of the tree
	tree   *tree      // nil until started, and when all is over
	held   bool       // the caller decides when what is left is killed
	killed bool
	gone   bool // nothing is left to signal
	exit   Exit
}

// Start starts the command. It returns when the command runs (its exec has
// succeeded) or cannot: see [ErrNotFound] and those beside it.
//
// One case takes longer, and is waited for in the background, up to a second: a
// program that something still has open for writing (ETXTBSY). Start returns
// then as if it ran, PID is 0 until [Group.Started], and if the time passes the
// group is done with [Exit.Err].
//
// The caller must receive from Done, or the group, its goroutines and its
// zombie may outlive all interest in them; nothing has to be closed.
func Start(spec Spec) (*Group, error) { return start(spec, tuning{patience: busyPatience}) }

// tuning is what only tests choose.
type tuning struct {
	patience time.Duration // with a busy program
	byNumber bool          // signal the group by its number where better is known
}

func start(spec Spec, tune tuning) (*Group, error) {
	l, err := newLaunch(spec)
	if err != nil {
		return nil, err
	}
	l.byNumber = tune.byNumber
	g := &Group{
		name:    spec.Argv[0],
		grace:   spec.Grace,
		started: make(chan struct{}),
		leader:  make(chan struct{}),
		done:    make(chan struct{}),
		cancel:  make(chan struct{}),
		kick:    make(chan struct{}, 1),
		over:    make(chan struct{}),
		exit:    Exit{Code: -1},
	}
	t, err := l.fork()
	switch {
	case err == nil:
		l.release()
		g.tree = t
		close(g.started)
		go g.run(t, l)
	case errors.Is(err, syscall.ETXTBSY):
		if err := l.detach(); err != nil {
			l.abandon()
			return nil, fmt.Errorf("start %s: %w", g.name, err)
		}
		go g.runLater(l, tune.patience)
	default:
		l.abandon()
		return nil, err
	}
	return g, nil
}

// Started is closed when the command runs, or is known never to. That is before
// Start returns unless the program was busy, see [Start].
func (g *Group) Started() <-chan struct{} { return g.started }

// LeaderDone is closed when the leader has ended, or is known never to run;
// members may live. Exit tells its code.
func (g *Group) LeaderDone() <-chan struct{} { return g.leader }

// Done is closed when the leader was collected, the whole tree is gone, and
// Output has returned from its last call.
func (g *Group) Done() <-chan struct{} { return g.done }

// PID is the leader's process id, which is the group's and the session's number
// too; 0 when it is not running yet, or never ran. It may be a stranger's when
// Done is closed.
func (g *Group) PID() int {
	select {
	case <-g.started:
	default:
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tree == nil {
		return 0
	}
	return g.tree.pid
}

// Exit is how the group ended: whole once Done is closed, the leader's part
// once LeaderDone is.
func (g *Group) Exit() Exit {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exit
}

// Members lists the process ids of the living members of the tree: the group,
// its session, and their descendants. Who stands there when a stop takes long
// is what blocks it. It is an [ErrUnsupported] where there is no /proc.
func (g *Group) Members() ([]int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tree == nil || g.gone {
		return nil, nil
	}
	return g.tree.members()
}

// Signal sends a signal to the whole group, and to nobody who left it. It does
// not begin a stop: it is for signals that a program lives on with, such as
// the one that makes it reload. Its error is [os.ErrProcessDone] when nobody is
// left, [ErrNotStarted] before the start.
func (g *Group) Signal(sig os.Signal) error {
	return g.signal(sig, func(t *tree, s syscall.Signal) error { return t.signalGroup(s) })
}

// SignalLeader sends a signal to the leader alone. Its errors are Signal's.
func (g *Group) SignalLeader(sig os.Signal) error {
	return g.signal(sig, func(t *tree, s syscall.Signal) error { return t.signalLeader(s) })
}

func (g *Group) signal(sig os.Signal, send func(*tree, syscall.Signal) error) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %s: %v: %w", g.name, sig, ErrUnsupported)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return os.ErrProcessDone
	case g.tree == nil:
		return ErrNotStarted
	}
	if err := send(g.tree, s); err != nil {
		return fmt.Errorf("signal %s: %w", g.name, err)
	}
	return nil
}

// Hold takes the stop into the caller's hands: it notes who belongs to the tree
// now, and from now on what outlives the leader is left alone until Kill. A
// stop that begins otherwise than with [Group.Stop] begins with Hold: one that
// signals the leader alone, or that runs a command.
func (g *Group) Hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold()
}

func (g *Group) hold() {
	g.held = true
	if g.tree != nil && !g.gone {
		g.tree.track()
	}
}

// Stop is Hold and a signal to the whole tree. Those that are stopped are
// continued if the signal is one that ends programs. A group that has not
// started yet never will. The caller waits for Done and calls Kill when it has
// waited long enough. Its error is [os.ErrProcessDone] when nobody is left.
func (g *Group) Stop(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("stop %s: %v: %w", g.name, sig, ErrUnsupported)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return os.ErrProcessDone
	case g.tree == nil:
		g.cancelStart()
		return nil
	case g.killed:
		return nil
	}
	g.hold()
	if err := g.tree.end(s); err != nil {
		return fmt.Errorf("stop %s: %w", g.name, err)
	}
	return nil
}

// Kill ends the whole tree with SIGKILL, and goes on doing so until it is gone.
// It may be called at any time, any number of times, and returns at once; Done
// tells the end. What the kernel holds (a process in an uninterruptible wait)
// may take longer, and Members names it. An error means that the system refused,
// as it does when all that is left runs as another user.
//
// Where the members can be listed they are stopped first, within milliseconds:
// what does not run cannot fork its way out of the tree between the look and
// the signal.
func (g *Group) Kill() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gone:
		return nil
	case g.tree == nil:
		g.cancelStart()
		return nil
	}
	g.held = true
	if err := g.kill(g.tree); err != nil {
		return fmt.Errorf("kill %s: %w", g.name, err)
	}
	return nil
}

// kill begins a kill, once. It is called under the mutex.
func (g *Group) kill(t *tree) error {
	err := t.signalGroup(0)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	if !g.killed {
		g.killed = true
		g.killer.Go(func() { g.carryOutKill(t) })
	}
	return err
}

func (g *Group) carryOutKill(t *tree) {
	wait := func(d time.Duration) {
		select {
		case <-g.over:
		case <-time.After(d):
		}
	}
	// One look that finds nobody new and everybody stopped is not enough: it
	// may have passed by the child that was born while it was going on.
	begun := time.Now()
	for calm := 0; calm < 2 && time.Since(begun) < freezePatience; {
		procs, err := readProcesses() // not under the mutex: it takes milliseconds
		if err != nil {
			break
		}
		g.mu.Lock()
		if !g.gone && t.freeze(procs, time.Since(begun) > stuckPatience) {
			calm++
		} else {
			calm = 0
		}
		g.mu.Unlock()
		if calm == 0 {
			wait(pollMin)
		}
	}
	for delay := pollMin; ; delay = min(2*delay, pollMax) {
		g.mu.Lock()
		if g.gone {
			g.mu.Unlock()
			return
		}
		_ = t.kill() // Kill has told what stands in the way
		g.mu.Unlock()
		select {
		case g.kick <- struct{}{}:
		default:
		}
		wait(delay)
	}
}

// cancelStart is called under the mutex.
func (g *Group) cancelStart() {
	select {
	case <-g.cancel:
	default:
		close(g.cancel)
	}
}

// runLater starts the command when its program is no longer being written.
func (g *Group) runLater(l *launch, patience time.Duration) {
	t, err := g.retry(l, patience)
	if err != nil {
		l.abandon()
		g.mu.Lock()
		g.gone = true
		close(g.over)
		g.exit.Err = err
		g.exit.LeaderEnded = time.Now()
		g.exit.Ended = g.exit.LeaderEnded
		g.mu.Unlock()
		close(g.started)
		close(g.leader)
		close(g.done)
		return
	}
	l.release()
	g.mu.Lock()
	g.tree = t
	select {
	case <-g.cancel: // while it was being forked
		g.held = true
		_ = g.kill(t)
	default:
	}
	g.mu.Unlock()
	close(g.started)
	g.run(t, l)
}

func (g *Group) retry(l *launch, patience time.Duration) (*tree, error) {
	deadline := time.Now().Add(patience)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for delay := pollMin; ; delay = min(2*delay, pollMax) {
		timer.Reset(delay)
		select {
		case <-g.cancel:
			return nil, fmt.Errorf("start %s: %w", g.name, ErrStopped)
		case <-timer.C:
		}
		t, err := l.fork()
		switch {
		case err == nil:
			return t, nil
		case !errors.Is(err, syscall.ETXTBSY):
			return nil, err
		case time.Now().After(deadline):
			return nil, fmt.Errorf("start %s: %w", g.name, startError(l.image.path, err))
		}
	}
}

// run follows a started command to the end of its tree.
func (g *Group) run(t *tree, l *launch) {
	out := make(chan struct{})
	if l.reader != nil {
		go func() {
			defer close(out)
			deliver(l.reader, l.output)
		}()
	} else {
		close(out)
	}
	g.leaderEnded(t, t.waitLeader(), l.reader)
	left := g.leftovers(t)
	close(g.leader)
	if left > 0 {
		g.outlast(t, out)
	}
	g.mu.Lock()
	g.gone = true
	close(g.over)
	t.collect()
	t.close()
	g.mu.Unlock()
	g.killer.Wait()
	if l.reader != nil {
		_ = l.reader.SetReadDeadline(time.Now().Add(linger)) // it may be closed already
	}
	<-out
	g.mu.Lock()
	g.exit.Ended = time.Now()
	g.exit.Killed = g.killed
	g.mu.Unlock()
	close(g.done)
}

// leaderEnded collects the leader.
func (g *Group) leaderEnded(t *tree, waitErr error, reader *os.File) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exit.LeaderEnded = time.Now()
	if !g.held && isHeld(reader) {
		// Somebody lives. The group will show by itself; jobs of a shell, which
		// have groups of their own in the session, show in the process table.
		// It is not read at every end: that takes milliseconds.
		t.track()
	}
	if !g.held && !t.certain() {
		_ = t.end(syscall.SIGTERM) // to a zombie alone it does nothing
	}
	var err error
	g.exit.Code, g.exit.Signal, err = t.reap()
	g.exit.Err = errors.Join(waitErr, err)
}

// leftovers counts who outlived the leader, and asks them to end unless the
// caller has taken that on.
func (g *Group) leftovers(t *tree) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !t.alive() {
		return 0
	}
	n := t.living()
	g.exit.Leftovers = n
	switch {
	case n == 0 || g.held:
	case g.grace <= 0:
		_ = g.kill(t)
	default:
		_ = t.end(syscall.SIGTERM)
	}
	return n
}

// outlast waits for what the leader left behind, and ends it if nobody else has
// taken that on.
func (g *Group) outlast(t *tree, out <-chan struct{}) {
	grace := time.NewTimer(g.grace)
	defer grace.Stop()
	poll := time.NewTimer(0)
	defer poll.Stop()
	delay := pollMin
	for n := 1; ; n++ {
		poll.Reset(delay)
		delay = min(2*delay, pollMax)
		expired := false
		select {
		case <-poll.C:
		case <-grace.C:
			expired = true
		case <-out: // closed by the last who could write to it, as a rule
			out = nil
		case <-g.kick:
			delay = pollMin
		}
		g.mu.Lock()
		if expired && !g.held {
			_ = g.kill(t)
		}
		ended := !t.alive() || n%pollsPerScan == 0 && t.living() == 0
		g.mu.Unlock()
		if ended {
			return
		}
	}
}
