package runner

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"devloop/orchestrator/guardian"
	"devloop/orchestrator/procgroup"
)

// guard makes sure that nothing this loop starts outlives it: a mark in every command's environment, a second
// process that waits for the loop's end, however it ends, and on Linux the adoption of orphans.
type guard struct {
	owner    *owner
	mark     string
	guardian *guardian.Guardian // nil where there is none
	reaper   *procgroup.Reaper  // nil where there is none, or where another loop of this program has it
	commands atomic.Int64       // so far; they number the marks
}

// open ends what an earlier loop of the configuration has left behind, and begins to guard this one. Where
// the system has no guardian, the loop works without one.
func (g *guard) open(opt Options) error {
	g.mark = guardian.NewMark(opt.Environ)
	own := guardian.Options{Mark: g.mark, Grace: max(stageGrace, opt.Grace), Terminal: opt.Terminal,
		Lost: func(times int, pause time.Duration) { g.owner.post(func() { g.lost(times, pause) }) }}
	if opt.CrashRecord != "" {
		own.CrashRecord = opt.CrashRecord
		ended, err := guardian.Sweep(own.CrashRecord)
		if len(ended) > 0 {
			g.owner.notice(fmt.Sprintf("stopped what an earlier loop had left behind: %s", numbers(ended)))
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			g.owner.notice(err.Error())
		}
	}
	guardian, err := guardian.Start("", own)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	}
	g.guardian = guardian
	reaper, err := procgroup.StartReaper(procgroup.ReaperOptions{Other: guardian.Is, Noticed: guardian.Add, Gone: guardian.Remove})
	if err == nil {
		g.reaper = reaper // else marks, groups and sessions must do
	}
	return nil
}

// lost reports that the guardian was killed, by a person or by the system for lack of memory.
func (g *guard) lost(times int, pause time.Duration) {
	text := "devloop's guardian was killed from outside; a new one is started"
	if times > 1 {
		text = fmt.Sprintf("devloop's guardian was killed from outside %d times; the next one starts in %s", times, pause)
	}
	g.owner.notice(text + " (if devloop is killed meanwhile, its next start stops what is left)")
}

// addDirectory and removeDirectory may be called by any goroutine, after open.
func (g *guard) addDirectory(path string) {
	if g.guardian != nil {
		g.guardian.AddDirectory(path)
	}
}

func (g *guard) removeDirectory(path string) {
	if g.guardian != nil {
		g.guardian.RemoveDirectory(path)
	}
}

// next is the mark of the next command.
func (g *guard) next() string {
	return guardian.CommandMark(g.mark, int(g.commands.Add(1)))
}

// forking, began and ended tell the guardian about a command: the pipe of its output, until began or forgo,
// and its leader. They may be called by any goroutine.
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

// close ends everything left of what this loop has started, and then the guardian.
func (g *guard) close() error {
	if g.guardian == nil {
		return nil
	}
	var errs []error
	ended, err := g.guardian.Finish(g.reaper != nil)
	if len(ended) > 0 {
		g.owner.notice("stopped what had outlived its command: " + numbers(ended))
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
