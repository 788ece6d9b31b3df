package procgroup

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"
)

// Group is one command and everything it started. All methods may be called at
// any time by any goroutine; none but Start takes longer than a few system
// calls, or on Linux one read of the process table.
type Group struct {
	name    string
	grace   time.Duration
	term    *Terminal // with Spec.PTY
	started chan struct{}
	leader  chan struct{}
	done    chan struct{}
	cancel  chan struct{} // closed by a stop that comes before the start
	kick    chan struct{} // holds one: look again at what is left
	over    chan struct{} // closed with gone

	killer sync.WaitGroup // the goroutine that carries out Kill

	mu     sync.Mutex // guards what follows, and every use of the tree
	tree   *tree      // nil until started
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
// Nothing has to be closed: the group gives back what it holds when it is done,
// whether or not anybody waits for that.
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
		term:    l.term,
		started: make(chan struct{}),
		leader:  make(chan struct{}),
		done:    make(chan struct{}),
		cancel:  make(chan struct{}),
		kick:    make(chan struct{}, 1),
		over:    make(chan struct{}),
		exit:    Exit{Code: -1},
	}
	if number, ok := pipeNumber(l.reader); ok && spec.Forking != nil {
		spec.Forking(number)
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
