package orchestrator

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

// openGuard ends what an earlier loop of the configuration has left behind, and
// begins to guard this one. Where the system has no guardian, the loop goes on
// without one.
func (l *loop) openGuard() error {
	l.guard.mark = guardian.NewMark(l.opt.Environ)
	opt := guardian.Options{Mark: l.guard.mark, Grace: l.longestGrace(), Terminal: l.opt.Terminal,
		Lost: func(times int, pause time.Duration) { l.post(guardianLost{times, pause}) }}
	if l.opt.Control != nil {
		opt.Lease = l.opt.Control.Lease()
		ended, err := guardian.Sweep(opt.Lease)
		if len(ended) > 0 {
			l.screen.Notice(fmt.Sprintf("ended what an earlier loop had left behind: %s", numbers(ended)))
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			l.screen.Notice(err.Error())
		}
	}
	g, err := guardian.Start("", opt)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	}
	l.guard.guardian = g
	l.own.made, l.own.gone = g.AddDirectory, g.RemoveDirectory
	reaper, err := procgroup.StartReaper(procgroup.ReaperOptions{Other: g.Is, Noticed: g.Add, Gone: g.Remove})
	if err == nil {
		l.guard.reaper = reaper // else: marks, groups and sessions do what they can
	}
	return nil
}

// guardianLost says that there is no guardian for the moment.
type guardianLost struct {
	times int
	pause time.Duration // until the next one is started
}

// lostGuardian tells people of it: somebody, or the system for want of memory,
// ends what nobody would think of ending.
func (l *loop) lostGuardian(ev guardianLost) {
	text := "devloop's guardian was ended from outside; another one is started"
	if ev.times > 1 {
		text = fmt.Sprintf("devloop's guardian was ended from outside %d times; the next one is started in %s", ev.times, ev.pause)
	}
	l.screen.Notice(text + " (if devloop is killed meanwhile, the next start ends what is left)")
}

// longestGrace is the longest time that any command has to end.
func (l *loop) longestGrace() time.Duration {
	grace := stageGrace
	for i := range l.cfg.Processes {
		grace = max(grace, l.cfg.Processes[i].Stop.Timeout)
	}
	return grace
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
func (l *loop) closeGuard() error {
	g := &l.guard
	if g.guardian == nil {
		return nil
	}
	var errs []error
	ended, err := g.guardian.Finish()
	if len(ended) > 0 {
		l.screen.Notice("ended what had left its command: " + numbers(ended))
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
