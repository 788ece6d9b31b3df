package machine

import (
	"time"

	"devloop/schema"
)

// Report tells people what the machine decided, and why. It means the same
// whenever it is read: a node keeps its number for as long as the machine lives,
// and a stage, which has one only within a run, is named.
type Report struct {
	Kind  ReportKind
	Node  int
	Num   int              // the run or the generation
	Stage string           // its name, for stages
	Paths []string         // what changed
	Why   Why              // for starts and stops
	Need  schema.Condition // of a dependency that is waited for
	By    int              // the other node, where there is one; else -1
	Took  time.Duration
	Until time.Time // when a wait ends
	End   End
	Stale bool // passed, but files changed meanwhile
	Times int  // slowed: for so many runs in a row; crashed: so many times in a row
	Known bool // slowed: it is sure who writes
}

// ReportKind is what a Report tells.
type ReportKind string

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
	Held           ReportKind = "held"    // a change waits for a failed upstream
	Waits          ReportKind = "waits"   // for its dependency By to fulfil Need, which can still come
	Blocked        ReportKind = "blocked" // the same, but it does not come by itself
	NotRun         ReportKind = "not run" // in a single run, which ends: By has failed
	Slowed         ReportKind = "slowed"  // it keeps waking itself, or By and it each other; the Stage is the writer's, if that is a watcher, and Took how long it had been at work, if that is the same each time
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
