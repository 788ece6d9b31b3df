package runner

import (
	"iter"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/guardian"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

const (
	// ReadyTimeout is how long a process without a ready of its own has until it must accept.
	ReadyTimeout = 60 * time.Second

	// stageGrace is how long what is left of a stage's tree has from SIGTERM to SIGKILL, when the stage
	// itself has ended.
	stageGrace = 2 * time.Second
)

// Options are what a Runner needs from its owner. Except for Post, Deliver, Made and Gone, the owner's
// goroutine calls the functions, from within the methods of the Runner.
type Options struct {
	Environ []string // what commands inherit
	Self    string   // the devloop executable, which sets LISTEN_PID for a child and becomes it
	Color   bool     // what commands write is shown with its colours
	Stream  bool     // show the output of stages as it comes

	Console *console.Console
	Journal *journal.Journal
	Sockets *sockets.Set

	Grace       time.Duration // the longest that a process has to end
	Terminal    *guardian.Terminal
	CrashRecord string // a file that tells the next loop what is left of this one; "": none

	// Post sends an event to the owner, who calls Handle with it; it may be dropped once the Runner's context
	// has ended. Deliver is Post for what the owner waits for even then. Other goroutines call both.
	Post, Deliver func(Event)

	// OnDisk starts a goroutine that may have to wait for a disk. The owner waits for it at the end, but not
	// for long.
	OnDisk func(func())

	// Made and Gone are called for temporary directories, by any goroutine.
	Made, Gone func(dir string)

	// Reuser knows the earlier passes of stages; nil: none counts. Inputs are the files that a stage reads.
	Reuser *reuse.Reuser
	Inputs func(node int, stage *schema.Stage) iter.Seq2[string, error]

	// Config is the configuration as it is now.
	Config func() *schema.Config

	// Process is a node's, as it is configured now.
	Process func(node int) *schema.Process

	Reports Reports
}

// Reports tell a Runner's owner what has happened. The owner's goroutine calls all of them.
type Reports struct {
	Started func(c *Command)                      // a process; its command runs
	Ready   func(key Key)                         // a process; not if it was told to end before
	Exited  func(c *Command, exit procgroup.Exit) // it is gone with its whole tree; follows every start that did not fail at once
	Advice  func(node int, text, hint string)
	Missing func(node int, text, hint string) // the program of a command that has ended does not exist
	Trouble func(node int, err error)
	Notice  func(text string)
}

// Event is something that a goroutine of a Runner reports to its owner.
type Event struct{ handle func() }
