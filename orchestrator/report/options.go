package report

import (
	"time"

	"devloop/orchestrator/console"
)

// Options are what a screen needs from its surroundings.
type Options struct {
	Console *console.Console
	Dir     string                 // paths are shown as seen from here
	Live    bool                   // stages' output is shown as it comes, so their starts are told
	Gone    func(path string) bool // whether a changed file was gone when it was looked at; nil: nobody knows
	Hooks   Hooks
	Style   Style
}

// Style is how much is shown, and how. The zero value shows every step in a line of its own.
type Style struct {
	Compact  bool   // a line a good save, and of a failed stage the first problems
	Status   bool   // a status line; the console has a terminal
	Title    string // of the terminal's window, with the state; "": none
	MoreHint string // how to see the problems that are not shown, such as ": Enter shows the output"; "": there is no way

	// Link leads to a place in a file; column is 0 if it is not known. nil: there are no links.
	Link func(path string, line, column int) string
}

// Hooks draw people's attention; each may be nil. They are called by the loop's
// goroutine and may not wait for anything.
type Hooks struct {
	Begin func()                                             // a change begins a run
	Turn  func(failed bool, text string, took time.Duration) // something fails that did not before, or recovers, after so long
}
