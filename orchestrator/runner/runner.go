package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/guardian"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// Options are what a Runner needs from its owner. But for Post, Deliver, Made and
// Gone, functions are called by the owner's goroutine, from within the methods of
// the Runner.
type Options struct {
	Environ []string // what commands inherit
	Self    string   // the devloop executable, which sets LISTEN_PID for a child and becomes it
	Color   bool     // what commands write is shown with its colours
	Stream  bool     // show the output of stages as it comes

	Console *console.Console
	Journal *journal.Journal
	Sockets *sockets.Set

	Grace    time.Duration // the longest that a process has to end
	Terminal *guardian.Terminal
	Lease    string // a file that tells the next loop what is left of this one; "": none

	// Post hands an event to the owner, who calls Handle with it, and may be given
	// up once the Runner's context has ended. Deliver is Post for what the owner
	// waits for even then. Other goroutines call both.
	Post, Deliver func(Event)

	// OnDisk starts a goroutine that may have to wait for a disk. Who starts it
	// waits for it, but not for long.
	OnDisk func(func())

	// Made and Gone are told of temporary directories, by any goroutine.
	Made, Gone func(dir string)

	// Process is a node's, as it is configured now.
	Process func(node int) *schema.Process

	Started func(c *Command)                      // a process; its command runs
	Ready   func(key Key)                         // a process; not of one that was told to end before
	Exited  func(c *Command, exit procgroup.Exit) // it is gone with its whole tree; every start that did not fail at once comes to this
	Advice  func(node int, text, hint string)
	Missing func(node int, text, hint string) // the program of a command that has ended is not there
	Trouble func(node int, err error)
	Notice  func(text string)
}

// Runner runs commands. Its owner calls Open first and Close in the end.
type Runner struct {
	opt     Options
	ctx     context.Context
	joined  sync.WaitGroup
	guard   guard
	scratch *scratch
	live    map[Key]*Command
}

// New makes a Runner that runs nothing yet. When ctx ends, it waits no longer for
// anything to become ready; commands go on. It must have ended before Close.
func New(ctx context.Context, opt Options) *Runner {
	return &Runner{opt: opt, ctx: ctx, live: map[Key]*Command{}, scratch: newScratch(opt.Made)}
}

// Event is something that a goroutine of a Runner reports to its owner.
type Event struct{ handle func() }

// Handle takes in an event. It is called by the owner's goroutine.
func (r *Runner) Handle(ev Event) { ev.handle() }

// post has the owner's goroutine do something.
func (r *Runner) post(do func()) { r.opt.Post(Event{do}) }

// advise posts an advice of a node.
func (r *Runner) advise(node int, text, hint string) {
	r.post(func() { r.opt.Advice(node, text, hint) })
}

// Close ends whoever is left of what was started, and then the guardian. No command
// lives any more. CloseScratch is separate, since it may have to wait for a disk.
func (r *Runner) Close() error {
	r.joined.Wait()
	return r.closeGuard()
}

// CloseScratch removes the files that commands were given.
func (r *Runner) CloseScratch() error { return r.scratch.close() }

// Process is a generation of a process that lives; nil if there is none.
func (r *Runner) Process(node, gen int) *Command { return r.live[Key{node, gen, Whole}] }

// Runs tells whether a command of the node lives.
func (r *Runner) Runs(node int) bool {
	return r.any(func(key Key) bool { return key.Node == node })
}

// RunsProcess tells whether a generation of the process lives.
func (r *Runner) RunsProcess(node int) bool {
	return r.any(func(key Key) bool { return key.Node == node && key.Stage == Whole })
}

// RunsStages tells whether a stage of any watcher lives.
func (r *Runner) RunsStages() bool {
	return r.any(func(key Key) bool { return key.Stage != Whole })
}

func (r *Runner) any(fits func(Key) bool) bool {
	for key := range r.live {
		if fits(key) {
			return true
		}
	}
	return false
}

// PIDs lists the leaders of a node's commands that run now.
func (r *Runner) PIDs(node int) (pids []int) {
	for key, c := range r.live {
		if key.Node == node && c.group != nil {
			pids = append(pids, c.group.PID())
		}
	}
	slices.Sort(pids)
	return pids
}

// Groups are all commands that run, with the node of each.
func (r *Runner) Groups() map[*procgroup.Group]int {
	groups := map[*procgroup.Group]int{}
	for key, c := range r.live {
		if c.group != nil {
			groups[c.group] = key.Node
		}
	}
	return groups
}

// Terminal is that of a process's youngest generation, nil if it was started
// without one; runs is whether there is a generation.
func (r *Runner) Terminal(node int) (t *procgroup.Terminal, runs bool) {
	var youngest *Command
	for key, c := range r.live {
		if key.Node == node && key.Stage == Whole && c.group != nil && (youngest == nil || key.Num > youngest.Key.Num) {
			youngest = c
		}
	}
	if youngest == nil {
		return nil, false
	}
	return youngest.group.Terminal(), true
}
