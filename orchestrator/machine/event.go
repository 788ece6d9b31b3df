package machine

import (
	"fmt"
	"time"
)

// Event is something that happened. The set is sealed: the types below.
type Event interface{ event() }

type (
	// Start begins everything; it comes once, and first, but for a Shutdown
	// that makes it needless.
	Start struct{}

	// Tick says that the deadline has passed. Only a Tick ends a settle period,
	// and VCSBusy holds it open: git is in the middle of rewriting the tree.
	Tick struct{ VCSBusy bool }

	// FilesChanged is a batch of changed files.
	FilesChanged struct{ Changes []Change }

	// StageExited ends one stage of one run.
	StageExited struct {
		Node, Run, Stage int
		End              End
	}

	// Drained answers Drain: every write made before it has been delivered.
	Drained struct{ Node, Run int }

	// Touched answers Touch. Err says why a trigger could not be touched, and is ""
	// if all were.
	Touched struct {
		Node, Run int
		Err       string
	}

	// ProcessStarted tells the pid of a generation.
	ProcessStarted struct{ Node, Gen, PID int }

	// ProcessReady says that a generation serves.
	ProcessReady struct{ Node, Gen int }

	// ProcessExited ends a generation: its whole tree is gone.
	ProcessExited struct {
		Node, Gen int
		End       End
	}

	// Command is a request made by hand. Of several nodes, one that is downstream of
	// another waits for that one, as after a change; all others act at once.
	Command struct {
		Verb  Verb
		Nodes []int
	}

	// Reconfigure replaces the configuration while everything runs. A node keeps
	// its index and its kind for good: new ones come after those there are, and
	// one that is no more is Gone. Changed are the nodes of before that must
	// start anew; Apart those of them whose old generation must end before the
	// new one starts, whatever their order of update.
	Reconfigure struct {
		Config         Config
		Changed, Apart []int
	}

	// Await asks for Awaited once everything that any change before it could
	// cause is done, or cannot be done. Nodes are those it is about, with all
	// that they depend on; none: all.
	Await struct {
		ID    int
		Nodes []int
	}

	// Forget takes an Await back.
	Forget struct{ ID int }

	// Asked says that somebody has looked at the state of things.
	Asked struct{}

	// Shutdown ends everything in order; the second one, or Hard, at once.
	Shutdown struct {
		Hard bool
		Code int // the exit code to end with
	}
)

func (Start) event()          {}
func (Tick) event()           {}
func (FilesChanged) event()   {}
func (StageExited) event()    {}
func (Drained) event()        {}
func (Touched) event()        {}
func (ProcessStarted) event() {}
func (ProcessReady) event()   {}
func (ProcessExited) event()  {}
func (Command) event()        {}
func (Reconfigure) event()    {}
func (Await) event()          {}
func (Forget) event()         {}
func (Asked) event()          {}
func (Shutdown) event()       {}

// Change is one changed file and the nodes that watch it.
type Change struct {
	Path  string // one that ends in a separator is a directory, of which nobody knows what has changed in it
	Nodes []int

	// At is when it was noticed; zero: now. A burst has been quiet since then,
	// however long it took to find out what has changed.
	At time.Time

	// AtOnce is a declared trigger that something other than devloop touched:
	// its readers act without settling and without waiting for upstream.
	AtOnce bool

	// Writers are the nodes that had a command running with the file open for
	// writing when it changed, as far as the system tells; see [Machine.Suspects].
	Writers []int

	// Same says that the file was written, and holds what it held before. It is no
	// change, but for who has run meanwhile and may have read something else.
	Same       bool
	First      time.Time // of a Same: when the writing was noticed first; zero: at At
	EmptySince time.Time // of a Same: since when the file was found empty; zero: it was not
}

// Verb is what a Command asks for.
type Verb string

const (
	Trigger Verb = "trigger" // run a watcher now, all of its stages
	Restart Verb = "restart" // restart a process now; under start-first without a gap
	Stop    Verb = "stop"    // end it, and leave it ended
	Resume  Verb = "start"   // undo Stop
)

// End is how a command ended.
type End struct {
	Code   int    // the exit code; -1 if it was ended by a signal or never ran
	Signal string // the signal that ended it, such as "SIGKILL", or ""
	Err    string // why it could not be started, or ""
}

// OK tells whether the command succeeded.
func (e End) OK() bool { return e.Code == 0 && e.Signal == "" && e.Err == "" }

func (e End) String() string {
	switch {
	case e.Err != "":
		return e.Err
	case e.Signal != "":
		return e.Signal
	}
	return fmt.Sprintf("exit code %d", e.Code)
}
