package runner

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"devloop/orchestrator/guardian"
	"devloop/orchestrator/procgroup"
)

// guard keeps what this loop starts from outliving it: a mark in every command's
// environment, a second process that waits for the loop's end, whatever ends
// it, and on Linux the adoption of orphans.
type guard struct {
	mark     string
	guardian *guardian.Guardian // nil where there is none
	reaper   *procgroup.Reaper  // nil where there is none, or where another loop of this program has it
	commands int                // so far; numbers their marks
}

// Open ends what an earlier loop of the configuration has left behind, and
// begins to guard this one. Where the system has no guardian, the loop goes on
// without one.
func (r *Runner) Open() error {
	r.guard.mark = guardian.NewMark(r.opt.Environ)
	opt := guardian.Options{Mark: r.guard.mark, Grace: max(stageGrace, r.opt.Grace), Terminal: r.opt.Terminal,
		Lost: func(times int, pause time.Duration) { r.post(func() { r.lostGuardian(times, pause) }) }}
	if r.opt.Lease != "" {
		opt.Lease = r.opt.Lease
		ended, err := guardian.Sweep(opt.Lease)
		if len(ended) > 0 {
			r.opt.Notice(fmt.Sprintf("ended what an earlier loop had left behind: %s", numbers(ended)))
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			r.opt.Notice(err.Error())
		}
	}
	g, err := guardian.Start("", opt)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	}
	r.guard.guardian = g
	reaper, err := procgroup.StartReaper(procgroup.ReaperOptions{Other: g.Is, Noticed: g.Add, Gone: g.Remove})
	if err == nil {
		r.guard.reaper = reaper // else: marks, groups and sessions do what they can
	}
	return nil
}

// lostGuardian tells people of it: somebody, or the system for want of memory,
// ends what nobody would think of ending.
func (r *Runner) lostGuardian(times int, pause time.Duration) {
	text := "devloop's guardian was ended from outside; another one is started"
	if times > 1 {
		text = fmt.Sprintf("devloop's guardian was ended from outside %d times; the next one is started in %s", times, pause)
	}
	r.opt.Notice(text + " (if devloop is killed meanwhile, the next start ends what is left)")
}

// AddDirectory tells the guardian of a temporary directory, which it removes if
// the loop comes to a sudden end. It may be called by any goroutine, after Open.
func (r *Runner) AddDirectory(path string) {
	if g := r.guard.guardian; g != nil {
		g.AddDirectory(path)
	}
}

// RemoveDirectory tells it that the directory is gone.
func (r *Runner) RemoveDirectory(path string) {
	if g := r.guard.guardian; g != nil {
		g.RemoveDirectory(path)
	}
}

// next is the mark of the next command.
func (g *guard) next() string {
	g.commands++
	return guardian.CommandMark(g.mark, g.commands)
}

// forking, began and ended tell the guardian of a command: of the pipe that its
// output goes to, until began or forgo, and of its leader. They may be called by
// any goroutine.
func (g *guard) forking(pipe uint64) {
	if g.guardian != nil {
		g.guardian.Expect(pipe)
	}
}

func (g *guard) forgo(pipe uint64) {
	if g.guardian != nil {
		g.guardian.Forgo(pipe)
	}
}

func (g *guard) began(pid int, pipe uint64) {
	if g.guardian != nil {
		g.guardian.Add(pid)
		g.guardian.Forgo(pipe)
	}
}

func (g *guard) ended(pid int) {
	if g.guardian != nil {
		g.guardian.Remove(pid)
	}
}

// closeGuard ends whoever is left of what this loop has started, and then the
// guardian.
func (r *Runner) closeGuard() error {
	g := &r.guard
	if g.guardian == nil {
		return nil
	}
	var errs []error
	ended, err := g.guardian.Finish()
	if len(ended) > 0 {
		r.opt.Notice("ended what had left its command: " + numbers(ended))
	}
	errs = append(errs, err)
	if g.reaper != nil {
		g.reaper.Close()
	}
	return errors.Join(append(errs, g.guardian.Close())...)
}

// numbers lists process ids.
func numbers(pids []int) string {
	pids = slices.Clone(pids)
	slices.Sort(pids)
	if len(pids) == 1 {
		return fmt.Sprintf("process %d", pids[0])
	}
	text := fmt.Sprint(pids)
	return "processes " + text[1:len(text)-1]
}
