package procgroup

import (
	"sync"
	"time"
)

const (
	// No system reports the end of a group's last member. So it is polled, from once a millisecond to twenty
	// times a second, between the end of the leader and that of the members that outlive it.
	pollMin = time.Millisecond
	pollMax = 50 * time.Millisecond
)

// Group is one command and everything it started. All methods may be called at any time by any goroutine;
// except for Start they take a few system calls at most, or on Linux one read of the process table.
type Group struct {
	name    string
	grace   time.Duration
	term    *Terminal // with Spec.PTY
	started chan struct{}
	leader  chan struct{}
	done    chan struct{}
	cancel  chan struct{} // closed by a stop before the start
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

// Started is closed when the command runs, or never will. That is before Start returns unless the program was
// busy, see [Start].
func (g *Group) Started() <-chan struct{} { return g.started }

// LeaderDone is closed when the leader has ended, or will never run; members may live. Exit has its code.
func (g *Group) LeaderDone() <-chan struct{} { return g.leader }

// Done is closed when the leader was collected, the whole tree is gone, and
// Output has returned from its last call.
func (g *Group) Done() <-chan struct{} { return g.done }

// PID is the leader's process id, which is also the group's and the session's number; 0 while it is not
// running yet, or if it never ran. Once Done is closed it may belong to an unrelated process.
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

// Terminal is the terminal that the group runs on; nil without [Spec.PTY].
func (g *Group) Terminal() *Terminal { return g.term }

// Exit is how the group ended: complete once Done is closed, the leader's part once LeaderDone is.
func (g *Group) Exit() Exit {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exit
}

// Members lists the process ids of the living members of the tree: the group, its session, and their
// descendants. During a long stop these are what it waits for. It is an [ErrUnsupported] where there is no
// /proc.
func (g *Group) Members() ([]int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tree == nil || g.gone {
		return nil, nil
	}
	return g.tree.members()
}
