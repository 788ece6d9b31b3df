// Package report puts what happens into words on the screen, keeps the event log,
// and remembers of each node what woke it and what failed. It is told by names, and
// of everything that it says; it decides nothing.
package report

import (
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// Report is one report of the machine, with all that is told of it. Nodes go by
// their names. What it holds does not change any more, but for Stage.Output.
type Report struct {
	Kind    machine.ReportKind
	Node    string
	Watcher bool // Node is a watcher
	Gone    bool // Node is not in the configuration any more
	Number  int  // the run or the generation
	Why     machine.Why
	Asked   machine.Verb // of ByHand: what was asked of the node last
	By      string       // the other node; "" if there is none
	Paths   []string     // what changed
	Took    time.Duration
	Until   time.Time // when a wait ends
	End     machine.End
	Times   int  // in a row: runs of a node that is slowed down, crashes
	Known   bool // of a node that is slowed down: it is sure who writes

	Stage   Stage
	Run     Run
	Process Process
	Need    Need
}

// Stage is of a report about a stage.
type Stage struct {
	Name     string
	Output   *console.Spool // of one that failed and was not shown as it came: whoever shows it closes it; else nil
	Warnings int            // of one that passed: how many its output has
	Warning  string         // the first of them
}

// Run is of a report about a watcher's run.
type Run struct {
	Plan    [][]string // of one that starts: its stages, in groups
	Serving []string   // of one that failed: the processes downstream that run
	Stale   bool       // of one that passed: files have changed since
}

// Process is of a report about a generation of a process.
type Process struct {
	Beside    bool          // one that starts: another one of the process runs
	New       bool          // one that stops: it has not taken over
	Probed    bool          // one that is ready: more than its start says so
	URLs      []string      // the same: where its http sockets are found
	Grace     time.Duration // one that is killed: how long it had to end
	LastCheck string        // one that is not ready: what the last check said
	PID       int           // one that is waited for; 0 if it is not known
}

// Need is of a report about a node that waits for By, or could not run.
type Need struct {
	Condition schema.Condition
	Became    string // what has become of By, where it does not come by itself
}
