package procgroup

import (
	"sync"
	"time"
)

const (
	// No system tells when the last member of a group ends. So it is asked,
	// from once a millisecond to twenty times a second, between the end of a
	// leader and that of what it left behind.
	pollMin = time.Millisecond
	pollMax = 50 * time.Millisecond
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

// Terminal is the terminal that the group runs on; nil without [Spec.PTY].
func (g *Group) Terminal() *Terminal { return g.term }

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
