package machine

import (
	"strings"
	"time"

	"devloop/schema"
)

// Report says what the machine decided, and why. It comes before the action that it explains, and may be
// dropped. Nodes and stages are named, so that it keeps its meaning when the configuration changes.
type Report struct {
	Kind    ReportKind
	ID      int // of the node, as in other actions
	Node    string
	Watcher bool             // the node is a watcher
	Relay   bool             // a watcher without stages
	Gone    bool             // it is not in the configuration any more
	Num     int              // the run or the generation
	Stage   string           // its name, for stages
	Paths   []string         // what changed
	Why     Why              // for starts and stops
	By      string           // the other node; "" if there is none
	Need    schema.Condition // of a dependency that a node waits for
	Took    time.Duration
	Until   time.Time // when a wait ends
	End     End
	Times   int // slowed: for so many runs in a row; crashed: so many times in a row

	Plan    [][]string    // run started: its stages, in groups
	Serving []string      // run failed: the processes downstream that run
	Stale   bool          // run passed: files have changed meanwhile
	Quiet   bool          // run passed: earlier passes stood for all of it, and its readers have what they made
	Reuse   Reuse         // of a stage that has ended
	Known   bool          // slowed: it is sure which node writes
	Beside  bool          // starting: the old generation serves meanwhile; stopping: it has not taken over
	Probed  bool          // ready: more than its start shows it
	Grace   time.Duration // killing: how long it had to end
}

// ReportKind names what a Report says.
type ReportKind string

// OfStage tells whether a report is about one stage.
func (k ReportKind) OfStage() bool { return strings.HasPrefix(string(k), "stage ") }

const (
	RunStarted     ReportKind = "run started"
	RunPassed      ReportKind = "run passed"
	RunFailed      ReportKind = "run failed"
	RunCancelled   ReportKind = "run cancelled"
	StageStarted   ReportKind = "stage started"
	StagePassed    ReportKind = "stage passed"
	StageFailed    ReportKind = "stage failed"
	StageTolerated ReportKind = "stage failed, allowed"
	StageTimedOut  ReportKind = "stage timed out"
	StageCancelled ReportKind = "stage cancelled"
	StageSkipped   ReportKind = "stage skipped"
	StageReused    ReportKind = "stage reused" // an earlier pass with the same inputs stands for it
	Held           ReportKind = "held"         // a change waits for a failed upstream
	Waits          ReportKind = "waits"        // for its dependency By to meet Need, which can still happen
	Blocked        ReportKind = "blocked"      // the same, but it cannot happen without help
	NotRun         ReportKind = "not run"      // in a single run, which ends: By has failed
	Slowed         ReportKind = "slowed"       // it keeps waking itself, or it and By each other; Stage is the writer's, if that is a watcher, and Took the lag since its start, if it is the same each time
	Starting       ReportKind = "starting"
	Ready          ReportKind = "ready"
	Unready        ReportKind = "not ready"
	Reloading      ReportKind = "reloading"
	Stopping       ReportKind = "stopping"
	Stopped        ReportKind = "stopped"
	Killing        ReportKind = "killing"
	Ended          ReportKind = "ended"
	Crashed        ReportKind = "crashed"   // restarts at Until
	AwaitsPass     ReportKind = "not built" // waits for the first pass of By
	GaveUp         ReportKind = "gave up"
	Dropped        ReportKind = "dropped"       // a new version that ended, or was not ready in time (then without End); the old one serves
	Lost           ReportKind = "lost"          // the old version ended while the new one was starting
	StillWaiting   ReportKind = "still waiting" // for Node, during shut-down
)

// Why is the cause of a start or a stop.
type Why string

const (
	ByStart      Why = "start"
	ByChange     Why = "change"
	ByTrigger    Why = "trigger" // By passed: it touched the trigger, or had been overtaken
	ByHand       Why = "hand"
	ByCrash      Why = "crash"
	ByPass       Why = "first pass"
	ByDependency Why = "dependency" // By was restarted
	ByShutdown   Why = "shutdown"
	ByUpdate     Why = "update"   // the new generation is ready
	ByChecking   Why = "checking" // By has begun: while_checking is wait
	ByChecked    Why = "checked"  // the checks upstream have passed
	ByConfig     Why = "config"   // the configuration has changed
)
