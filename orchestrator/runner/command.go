package runner

import (
	"context"
	"errors"
	"fmt"

	"devloop/orchestrator/console"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
	"devloop/orchestrator/warnings"
	"devloop/schema"
)

// Whole stands in a Key where a stage would, for a generation of a process.
const Whole = -1

// Key names one command: a stage of a node's run, or a generation of a process.
type Key struct{ Node, Num, Stage int }

// Command is one command, from its start until it is gone. The methods of its
// queries may be called on nil, where nothing lives.
type Command struct {
	Key    Key
	Spool  *console.Spool    // a stage's output, unless it is streamed; who is told that it exited closes it
	Warned *warnings.Counter // of a stage's output

	name    string
	group   *procgroup.Group // nil until it has started
	prepare func() error     // what must be done before that, and may have to wait for a disk
	stop    bool             // asked to end, perhaps before it had started
	kill    bool
	wanted  wanted // what it runs

	// Of a generation:
	process   *schema.Process    // as it was when it was started
	acceptor  string             // see Generation
	probed    bool               // see Generation
	grant     *sockets.Grant     // its sockets
	ctx       context.Context    // ends when it need not become ready any more
	cancel    context.CancelFunc // ends ctx
	ready     bool               // it has said so, or accepted
	advised   bool               // people know what it does wrong with its sockets
	told      *latch             // if its ready is a line of its log, or a notification
	lastCheck lastCheck          // why it is not ready yet
	checks    *environ           // of what looks whether it is ready
	readyFile probe.Mark         // of `ready: {file: …}`, before it was started
	says      says               // what it has told of itself
	endNotify context.CancelFunc // closes the socket on which it does; nil if it has none
	wrapper   string             // see program
}

// PID is that of the leader; the command has started.
func (c *Command) PID() int { return c.group.PID() }

// Says is what a process has told of itself by notifications; "" if nothing.
func (c *Command) Says() string {
	if c == nil {
		return ""
	}
	return c.says.String()
}

// LastCheck is what the last check of a process has found that is not ready; "" if
// nothing.
func (c *Command) LastCheck() string {
	if c == nil {
		return ""
	}
	return c.lastCheck.String()
}

// launch starts a command in a goroutine of its own, since a start may have to
// be tried again while its binary is still being written, and waits for it
// there. It delivers the start, unless that failed, then the end.
func (r *Runner) launch(c *Command, spec procgroup.Spec) {
	r.live[c.Key] = c
	spec.Mark = r.guard.next()
	deliver := func(do func()) { r.opt.Deliver(Event{do}) }
	r.joined.Go(func() {
		c.look(r.ctx)
		var pipe uint64
		spec.Forking = func(number uint64) { pipe = number; r.guard.forking(pipe) }
		var group *procgroup.Group
		err := c.prepare()
		if err == nil {
			group, err = procgroup.Start(spec)
		}
		if err != nil {
			r.guard.forgo(pipe)
			deliver(func() { r.exited(c, procgroup.Exit{Code: -1, Err: err}) })
			return
		}
		<-group.Started()
		pid := group.PID()
		r.guard.began(pid, pipe)
		deliver(func() { r.started(c, group) })
		<-group.LeaderDone()
		if x := group.Exit(); x.Success() && x.Leftovers > 0 {
			deliver(func() { r.wentToBackground(c, x.Leftovers) })
		}
		<-group.Done()
		r.guard.ended(pid)
		deliver(func() { r.exited(c, group.Exit()) })
	})
}

// look notes what is there before a generation starts, so that it is not taken
// for the generation's work. It may wait for a disk.
func (c *Command) look(ctx context.Context) {
	if c.process == nil {
		return
	}
	if ready := c.process.Ready; ready != nil && ready.File != "" {
		c.readyFile = probe.MarkFile(ready.File)
	}
	c.grant.Look(ctx)
}

func (r *Runner) started(c *Command, group *procgroup.Group) {
	c.group = group
	if c.Key.Stage == Whole {
		r.awaitReady(c)
		r.opt.Started(c)
		r.watchOver(c)
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
	if c.Key.Stage == Whole {
		c.forgo()
		r.troubles(c.Key.Node, c.grant.Return(sockets.End{Asked: c.stop || c.kill, Signal: exit.Signal, Code: exit.Code}))
		r.lostByWrapper(c)
		r.boundItself(c)
	}
	r.seekProgram(c, exit)
	r.opt.Exited(c, exit)
}

// forgo ends what waits for a generation to become ready, and what listens to it.
func (c *Command) forgo() {
	c.cancel()
	if c.endNotify != nil {
		c.endNotify()
	}
}

// troubles tells of what has gone wrong for a node.
func (r *Runner) troubles(node int, errs []error) {
	for _, err := range errs {
		r.opt.Trouble(node, err)
	}
}

// wentToBackground tells of a process that nobody has asked to end and that goes on
// in the background, as a daemon does: it is ended, since there would be no way
// to look after it.
func (r *Runner) wentToBackground(c *Command, count int) {
	if c.Key.Stage != Whole || c.stop || c.kill {
		return
	}
	r.opt.Advice(c.Key.Node,
		fmt.Sprintf("it went into the background: what was started has ended with exit code 0 and left %s", left(count)),
		"run it in the foreground: many servers have a flag for that, such as -D, -F, --foreground, --no-daemon")
}

func left(count int) string {
	if count == 1 {
		return "a process behind, which is ended too"
	}
	return fmt.Sprintf("%d processes behind, which are ended too", count)
}

// failure is how a command has failed; nil if it has not.
func failure(exit procgroup.Exit) error {
	switch {
	case exit.Err != nil:
		return exit.Err
	case exit.Signal != "":
		return errors.New(exit.Signal)
	case exit.Code != 0:
		return fmt.Errorf("exit code %d", exit.Code)
	}
	return nil
}
