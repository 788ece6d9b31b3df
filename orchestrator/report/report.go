// Package report puts what happens into words on the screen, keeps the event log, and records of each node
// why it started and what failed. Its reports are complete, with names instead of numbers; it decides
// nothing.
package report

import (
	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/machine"
)

// Report is one report of the machine, with what else is known. It does not change any more, except for
// Output.
type Report struct {
	machine.Report
	Asked machine.Verb // of ByHand: what was asked of the node last

	Output   *console.Spool // of a stage that failed and was not shown as it came: whoever shows it closes it; else nil
	Warnings int            // of a stage that passed: how many its output has
	Warning  string         // the first of them

	Problems []diagnostics.Problem // of a stage that has ended: the places that its output complains of
	More     int                   // and how many more
	Tail     []string              // of one that failed and named none: its last lines

	URLs      []string // of a process that is ready: where its http sockets are found
	LastCheck string   // of a process that is not: what the last check said
	PID       int      // of one that is waited for; 0 if it is not known
	Became    string   // what has become of By, where it does not come by itself
}
