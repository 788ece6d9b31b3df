package runner

import (
	"context"
	"slices"

	"devloop/orchestrator/procgroup"
)

// Runner runs commands. Its owner calls Open first and Close in the end.
type Runner struct {
	opt       Options
	owner     *owner
	build     builder
	output    output
	guard     guard
	adoptions adoptions
	engines   engines
	live      map[Key]*Command
}

// New makes a Runner that runs nothing yet. When ctx ends, it stops waiting for readiness; commands go on.
// ctx must have ended before Close.
func New(ctx context.Context, opt Options) *Runner {
	o := &owner{ctx: ctx, post: func(do func()) { opt.Post(Event{do}) }, onDisk: opt.OnDisk, made: opt.Made, gone: opt.Gone,
		advice: opt.Reports.Advice, missing: opt.Reports.Missing, trouble: opt.Reports.Trouble, notice: opt.Reports.Notice}
	return &Runner{
		opt:       opt,
		owner:     o,
		build:     builder{opt.Environ, opt.Self, opt.Color, newScratch(opt.Made)},
		output:    output{opt.Console, opt.Journal},
		guard:     guard{owner: o},
		adoptions: adoptions{o, opt.Sockets, opt.Journal},
		live:      map[Key]*Command{},
	}
}

// Handle handles an event. The owner's goroutine calls it.
func (r *Runner) Handle(ev Event) { ev.handle() }

// Open ends what an earlier loop of the configuration has left behind, and
// begins to guard this one.
func (r *Runner) Open() error { return r.guard.open(r.opt) }

// AddDirectory tells the guardian of a temporary directory, which it removes if the loop ends suddenly. It
// may be called by any goroutine, after Open.
func (r *Runner) AddDirectory(path string) { r.guard.addDirectory(path) }

// RemoveDirectory tells it that the directory is gone.
func (r *Runner) RemoveDirectory(path string) { r.guard.removeDirectory(path) }

// Close ends everything left of what was started, and then the guardian. CloseScratch is separate, since it
// may have to wait for a disk.
func (r *Runner) Close() error {
	r.engines.retire(r.owner)
	r.owner.joined.Wait()
	return r.guard.close()
}

// CloseScratch removes the files that commands were given.
func (r *Runner) CloseScratch() error { return r.build.files.close() }

// Process is a live generation of a process; nil if there is none.
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

// Remote says what an engine does for a stage that runs, such as "queued on HOST"; "" if it does not run there.
func (r *Runner) Remote(node int, stage string) string {
	for key, c := range r.live {
		if key.Node == node && c.remote != nil && c.remote.name == stage {
			return c.remote.doing
		}
	}
	return ""
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

// Terminal is that of a process's youngest generation, nil if it has none; runs is whether there is a
// generation.
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
