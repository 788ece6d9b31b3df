package control

import (
	"fmt"
	"time"
)

// EventVersion is in every Event. Fields and kinds may be added to a version; none is removed or changes its
// meaning.
const EventVersion = 1

// Event is one thing that happened in a loop. Events of one loop come in order: T never decreases.
type Event struct {
	V    int       `json:"v"`    // EventVersion
	T    int64     `json:"t"`    // nanoseconds since the loop began, by a clock that never jumps
	Time time.Time `json:"time"` // the same moment by the wall clock

	// Kind is "subscribed" (the first of every stream), "snapshot", "missed", "live", "cycle",
	// or what the loop did: "run started", "stage passed", "starting", "ready", …
	Kind string `json:"kind"`

	Node   string     `json:"node,omitempty"`
	Number int        `json:"number,omitempty"` // the run or generation
	Stage  string     `json:"stage,omitempty"`  // its name
	Paths  []string   `json:"paths,omitempty"`  // what had changed, the first few
	More   int        `json:"more,omitempty"`   // and how many paths more
	Why    string     `json:"why,omitempty"`    // a machine.Why
	By     string     `json:"by,omitempty"`     // the other node, where there is one
	Took   int64      `json:"took,omitempty"`   // nanoseconds
	Until  *time.Time `json:"until,omitempty"`  // when a wait ends
	End    *End       `json:"end,omitempty"`    // how a command ended, where it has

	Outcome

	Cycle int    `json:"cycle,omitempty"` // the cycle it belongs to
	Times *Cycle `json:"times,omitempty"` // of a "cycle"
	Live  *Live  `json:"live,omitempty"`  // of "live": what has changed

	Position
}

// Outcome is what there is to say of a run or a stage that has ended, beside its End.
type Outcome struct {
	Stale    bool   `json:"stale,omitempty"`    // passed, but files have changed since
	Quiet    bool   `json:"quiet,omitempty"`    // of "run passed": nothing is touched, for everybody has what it made already
	Warnings int    `json:"warnings,omitempty"` // of "stage passed" and "stage reused": how many its output has
	Reuse    *Reuse `json:"reuse,omitempty"`    // of a stage, where earlier passes of it are known
}

// Position is where in the stream of events a reader is.
type Position struct {
	Seq    uint64  `json:"seq"`              // counts the events of a loop; of an event that is the reader's own, such as "missed", that of the last one before it
	Boot   string  `json:"boot,omitempty"`   // of "snapshot", or of "subscribed" if none follows: the loop; a reader that comes back with BOOT.SEQ misses nothing
	Missed uint64  `json:"missed,omitempty"` // of "missed": how many events this reader was too slow for
	Status *Status `json:"status,omitempty"` // of "snapshot": the state, after all events up to Seq
}

// End is how a command ended.
type End struct {
	Code   int    `json:"code"`             // the exit code; -1 if a signal ended it, or it never ran
	Signal string `json:"signal,omitempty"` // "SIGKILL"
	Error  string `json:"error,omitempty"`  // why it could not be started

	Because string `json:"because,omitempty"` // what made it fail, where that is known
}

// Cycle begins when something happens to nodes at rest, and ends when they are at rest again: a save, the
// runs and restarts that it leads to, and further saves meanwhile. Nodes that no edge of the graph connects
// have cycles of their own. Times are those of Event.T; 0 is a moment that did not come.
type Cycle struct {
	ID      int    `json:"id"`
	Cause   string `json:"cause"`            // "start", "change", "hand", "crash", or why the first thing moved, as in Event.Why
	First   int64  `json:"first"`            // the first event of files, or whatever began it
	Settled int64  `json:"settled"`          // the burst of changes was over
	End     int64  `json:"end"`              // everything was at rest again
	Failed  string `json:"failed,omitempty"` // the first node, in the order of the file, that had failed then
	Result  string `json:"result"`           // "passed" or "failed"; "running" until the end

	Time time.Time `json:"time"` // of First, by the wall clock
	Boot string    `json:"boot"` // the loop that counts so: ID and the other times are its own

	Paths     []string       `json:"paths,omitempty"` // what had changed, the first few
	MorePaths int            `json:"more_paths,omitempty"`
	Runs      []CycleRun     `json:"runs,omitempty"`
	Processes []CycleProcess `json:"processes,omitempty"`
	More      int            `json:"more,omitempty"` // runs and generations too many to list
}

// CycleRun is a run of a watcher within a cycle.
type CycleRun struct {
	Node    string       `json:"node"`
	Number  int          `json:"number"`
	Start   int64        `json:"start"`
	End     int64        `json:"end"`
	Result  string       `json:"result"`  // "passed", "failed" or "cancelled"
	Trigger int64        `json:"trigger"` // its triggers were touched
	Stages  []CycleStage `json:"stages"`

	SameInputs bool `json:"same_inputs,omitempty"` // nothing that the watcher sees had changed since its run before
}

// CycleStage is one stage of a run. A stage that was skipped has no times.
type CycleStage struct {
	Stage  string `json:"stage"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
	Result string `json:"result"` // "passed", "failed", "failed, allowed", "timed out", "cancelled", "skipped" or "reused"

	Problems int    `json:"problems,omitempty"` // how many places its output complains of
	Reuse    *Reuse `json:"reuse,omitempty"`    // where earlier passes are known
}

// RanVersion is in every Ran. Fields may be added to a version; none is removed or changes its meaning.
const RanVersion = 1

// Ran is what has become of a single run of all watchers. Moments are nanoseconds since it began; 0 is one that did not
// come.
type Ran struct {
	V      int           `json:"v"` // RanVersion
	Time   time.Time     `json:"time"`
	Config string        `json:"config"` // the absolute path of the file
	Result string        `json:"result"` // "passed", "failed" or "interrupted"
	Exit   int           `json:"exit"`   // the exit code
	Took   time.Duration `json:"took"`   // nanoseconds

	Executed int           `json:"executed"` // how many stages have run to their end
	Reused   int           `json:"reused"`   // how many have not, because they had passed with the same inputs
	Saved    time.Duration `json:"saved"`    // how much longer those took then, in nanoseconds

	Runs   []CycleRun `json:"runs"`              // as they began
	NotRun []string   `json:"not_run,omitempty"` // the watchers that did not begin, because the run ended before

	Diagnostics []Diagnostic `json:"diagnostics"` // as in Diagnostics
	Unplaced    []Unplaced   `json:"unplaced"`
}

// Reuse is what is known of earlier passes of a stage with the same inputs.
type Reuse struct {
	Passed *time.Time    `json:"passed,omitempty"` // when it passed before
	Saved  time.Duration `json:"saved,omitempty"`  // of "reused": how much longer that pass took, in nanoseconds
	From   string        `json:"from,omitempty"`   // of "reused": the host of the cache that knew it; absent: this machine did

	Passes   int `json:"passes,omitempty"` // with these inputs, counting this time; only where it has also failed with them: it may be flaky
	Failures int `json:"failures,omitempty"`
}

// CycleProcess is what happened to a process within a cycle: the stop of an old
// generation, the start of the next.
type CycleProcess struct {
	Node    string `json:"node"`
	Number  int    `json:"number"`  // the generation that was started; of the stopped one if none was
	Stop    int64  `json:"stop"`    // the old one was asked to end
	Stopped int64  `json:"stopped"` // and was gone
	Start   int64  `json:"start"`
	Ready   int64  `json:"ready"`
	Reload  int64  `json:"reload,omitempty"` // the signal to read its files again was sent
	Result  string `json:"result"`           // "ready", "stopped", "reloaded", "not ready", "crashed", …
}

// Text is what there is to say of earlier passes in a few words; "" if nothing.
func (r *Reuse) Text() string {
	switch {
	case r == nil:
	case r.Failures > 0:
		return fmt.Sprintf("may be flaky: passed %d, failed %d with the same inputs", r.Passes, r.Failures)
	case r.Saved > 0:
		return "saved " + r.Saved.Round(time.Millisecond).String()
	}
	return ""
}
