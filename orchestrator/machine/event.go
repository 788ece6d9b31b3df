package machine

import (
	"fmt"
	"time"
)

// Event is something that happened. The set is sealed: the types below.
//
// Events come one at a time, in the order in which they happened. Those about a run or a generation carry its
// number: one that comes too late changes nothing.
type Event interface{ event() }

type (
	// Start begins everything; it comes once, and first, except for an Await, a Forget, or a Shutdown that
	// makes it needless.
	Start struct{}

	// Tick says that the Deadline has passed; one too many does no harm. Only a Tick ends a settle period.
	// VCSBusy keeps it open: git is in the middle of rewriting the tree.
	Tick struct{ VCSBusy bool }

	// FilesChanged is a batch of changed files. It must come before the Drained of a run that made the
	// change, and before an Await that is about it.
	FilesChanged struct{ Changes []Change }

	// FilesHang says which nodes watch files on a file system that does not respond, and Places where, by
	// node. All other nodes see their files. What has changed there comes when it responds again, before the
	// FilesHang that says so.
	FilesHang struct{ Places map[int]string }

	// Pause says that changed files lead to nothing until a Pause that is not On: they are kept. What goes on
	// is finished, and Commands are carried out.
	Pause struct{ On bool }

	// StageExited answers StartStage: the stage's whole tree is gone, so its writes are complete. So is what was
	// put back of an earlier pass that stands for it.
	StageExited struct {
		Node, Run, Stage int
		End              End
		Reuse            Reuse
	}

	// Drained answers Drain: FilesChanged has come for every earlier write.
	Drained struct{ Node, Run int }

	// Touched answers Touch. Err says why a trigger could not be touched, and is ""
	// if all were.
	Touched struct {
		Node, Run int
		Err       string
	}

	// ProcessStarted is the first event of a generation. Without a readiness check it also means that it is
	// ready.
	ProcessStarted struct{ Node, Gen, PID int }

	// ProcessReady says that a generation serves. A second one changes nothing.
	ProcessReady struct{ Node, Gen int }

	// ProcessExited ends a generation: its whole tree is gone, and what it held is free for the next one.
	ProcessExited struct {
		Node, Gen int
		End       End
	}

	// Command is a request made by hand. Of several nodes, one that is downstream of another waits for that
	// one, as after a change; all others act at once. Before Start, and in a shut-down, it does nothing.
	Command struct {
		Verb  Verb
		Nodes []int
	}

	// Reconfigure replaces the configuration while everything runs; what the new one watches must already be
	// watched. A node keeps its index and its kind for good: new ones follow the existing ones, and a removed
	// one is Gone. Changed are the existing nodes that must restart; StopFirst are those of them whose old
	// generation must end before the new one starts, whatever their update.
	Reconfigure struct {
		Config             Config
		Changed, StopFirst []int
	}

	// Await asks for Awaited once everything that any earlier change could cause is done, or cannot be done.
	// Nodes are those it is about, with all that they depend on; none: all.
	Await struct {
		ID    int
		Nodes []int
	}

	// Forget cancels an Await. It has no effect on one that has been answered.
	Forget struct{ ID int }

	// Asked says that a person has looked at the state: what looks like feedback may be that person's work.
	// It may be dropped.
	Asked struct{}

	// Shutdown ends everything in order; a second one, or Hard, at once. Exit follows when the last command
	// has exited.
	Shutdown struct {
		Hard bool
		Code int // the exit code to end with
	}
)

func (Start) event()          {}
func (Tick) event()           {}
func (FilesChanged) event()   {}
func (FilesHang) event()      {}
func (Pause) event()          {}
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

// Reuse is what is known of earlier passes of a stage with the same inputs.
type Reuse struct {
	Product string // identifies what the stage has left behind; "" if that is not known
	Hit     bool   // an earlier pass stands for it: it did not run

	Passed           time.Time     // when it passed before; zero: never, or not known
	Took             time.Duration // of a hit: how long that pass took
	From             string        // of a hit: the host of the cache that knew it; "" if this machine did
	Passes, Failures int           // with these inputs, counting this one; both are 0 unless there are both: it may be flaky
}

// Change is one changed file and the nodes that watch it.
type Change struct {
	Path  string // with a separator at its end: a directory in which something unknown has changed
	Nodes []int

	// At is when it was noticed; zero: now. The quiet time of a burst counts from then, however long it took
	// to find out what has changed.
	At time.Time

	// AtOnce is a declared trigger that something other than devloop touched: its readers act without
	// settling and without waiting for upstream.
	AtOnce bool

	// Writers are the nodes that had a command running with the file open for
	// writing when it changed, as far as the system tells; see [Machine.Suspects].
	Writers []int

	// Same says that the file was written with the same content as before. It matters only to nodes that ran
	// meanwhile and may have read something else.
	Same       bool
	First      time.Time // of a Same: when the writing was first noticed; zero: at At
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

	Because string // what made it fail, where that is known; or ""
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

// Explained is String with what made it fail, where that is known.
func (e End) Explained() string {
	if e.Because == "" {
		return e.String()
	}
	return e.String() + ": " + e.Because
}
