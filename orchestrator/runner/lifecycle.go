package runner

import (
	"fmt"
	"time"

	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/sockets"
)

// launch starts a command in a goroutine of its own, since a start may have to wait while its binary is being
// written, and waits for it there. It delivers the start, unless that failed, then the end.
func (r *Runner) launch(c *Command, spec procgroup.Spec) {
	r.live[c.Key] = c
	spec.Mark = r.guard.next()
	deliver := func(do func()) { r.opt.Deliver(Event{do}) }
	c.givenUp = newLatch()
	start := func() (*procgroup.Group, error) {
		var pipe uint64
		spec.Forking = func(number uint64) { pipe = number; r.guard.forking(pipe) }
		err := c.prepare()
		if err != nil {
			return nil, err
		}
		group, err := procgroup.Start(spec)
		if err != nil {
			r.guard.forgo(pipe)
			return nil, err
		}
		<-group.Started()
		r.guard.began(group.PID(), pipe)
		return group, nil
	}
	r.owner.joined.Go(func() {
		defer c.remote.leave()
		if exit, ended := r.standsFor(c, spec); ended {
			deliver(func() { r.exited(c, exit) })
			return
		}
		slow := time.AfterFunc(slowStart, func() { r.owner.post(func() { r.startHangs(c) }) })
		group, err := r.owner.begin(start, c.givenUp.done)
		slow.Stop()
		if err != nil {
			deliver(func() { r.exited(c, procgroup.Exit{Code: -1, Err: err}) })
			return
		}
		pid := group.PID()
		deliver(func() { r.started(c, group) })
		<-group.LeaderDone()
		if x := group.Exit(); x.Success() && x.Leftovers > 0 {
			deliver(func() { r.wentToBackground(c, x.Leftovers) })
		}
		<-group.Done()
		if c.Diagnostics != nil {
			c.Diagnostics.Finish()
		}
		r.guard.ended(pid)
		r.keep(c, group.Exit())
		if c.generation != nil && !group.Exit().Success() {
			c.Because, c.hint = r.adoptions.portTaken(c)
		}
		deliver(func() { r.exited(c, group.Exit()) })
	})
}

// startHangs reports a command that has not started for a while.
func (r *Runner) startHangs(c *Command) {
	if c.group != nil || c.gone || c.asked() {
		return
	}
	const why = "a file system that it needs does not respond, or its program is still being written"
	if c.generation != nil {
		c.readiness.lastCheck.note("it has not started: " + why)
	}
	r.owner.advice(c.Key.Node, fmt.Sprintf("its start has taken %v: %s", slowStart, why), "")
}

// standsFor tells whether a stage needs no command: an earlier pass stands for it, or it was told to end. What that pass
// had printed goes where the output of commands goes.
func (r *Runner) standsFor(c *Command, spec procgroup.Spec) (exit procgroup.Exit, ended bool) {
	if c.earlier == nil {
		return exit, false
	}
	c.begin(r.owner, c.fresh, c.givenUp.done)
	if c.ctx.Err() != nil {
		return procgroup.Exit{Code: -1, Err: errNotStarted}, true
	}
	hit := c.attempt.Hit()
	switch {
	case hit == nil && c.remote != nil:
		exit, ended = c.remote.run(c.earlier, spec.Output, c.givenUp.done)
		if ended && c.Diagnostics != nil {
			c.Diagnostics.Finish()
		}
		return exit, ended
	case hit == nil:
		return exit, false
	}
	c.outcome = c.attempt.Outcome()
	replay(hit.Output, spec.Output)
	if c.Diagnostics != nil {
		c.Diagnostics.Finish()
	}
	now := time.Now()
	return procgroup.Exit{LeaderEnded: now, Ended: now}, true
}

// keep keeps the pass of a stage that has run, or counts its failure. A disk that hangs keeps nothing.
func (r *Runner) keep(c *Command, exit procgroup.Exit) {
	if c.earlier == nil {
		return
	}
	done := make(chan reuse.Outcome, 1)
	r.owner.onDisk(func() {
		switch {
		case exit.Success():
			done <- c.attempt.Passed(c.ctx, &c.printed)
		default:
			done <- c.attempt.Failed(c.ctx)
		}
	})
	select {
	case c.outcome = <-done:
	case <-c.ctx.Done():
	}
}

func (r *Runner) started(c *Command, group *procgroup.Group) {
	c.group = group
	if c.generation != nil {
		c.readiness.await(c.PID())
		r.opt.Reports.Started(c)
		r.adoptions.watch(c)
	}
	switch {
	case c.kill:
		r.Kill(c.Key)
	case c.stop:
		c.stop = false
		r.Stop(c.Key)
	}
}

func (r *Runner) exited(c *Command, exit procgroup.Exit) {
	delete(r.live, c.Key)
	c.gone = true
	c.forgo() // else the owner's context keeps that of each stage
	if c.group != nil && r.opt.Reuser != nil {
		r.opt.Reuser.Ran()
	}
	if c.generation != nil {
		c.readiness.end()
		r.owner.troubles(c.Key.Node, c.grant.Return(sockets.End{Asked: c.asked(), Signal: exit.Signal, Code: exit.Code}))
		if c.group != nil && !c.readiness.ready && !c.asked() && !c.grant.Empty() {
			r.adoptions.endedBefore(c)
		}
		if c.Because != "" && !c.asked() && !c.readiness.occupied.Load() {
			r.owner.advice(c.Key.Node, c.Because, c.hint)
		}
	}
	if !c.asked() && !c.remote.ranThere() {
		c.wanted.seek(r.owner, c.Key.Node, exit)
		name, num := c.name, c.Key.Num
		c.wanted.seekUninstalled(r.owner, c.Key.Node, exit, func() []byte { return r.opt.Journal.Tail(name, num, complaintTail) })
	}
	r.opt.Reports.Exited(c, exit)
}

// wentToBackground reports a process that went to the background by itself, as a daemon does: it is ended,
// since devloop could not supervise it.
func (r *Runner) wentToBackground(c *Command, count int) {
	if c.generation == nil || c.asked() {
		return
	}
	r.owner.advice(c.Key.Node,
		fmt.Sprintf("it went into the background: the command exited with code 0 and left %s", left(count)),
		"run it in the foreground: many servers have a flag for this, such as -D, -F, --foreground or --no-daemon")
}

func left(count int) string {
	if count == 1 {
		return "a process behind, which is stopped too"
	}
	return fmt.Sprintf("%d processes behind, which are stopped too", count)
}
