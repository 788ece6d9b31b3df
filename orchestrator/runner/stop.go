package runner

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"devloop/orchestrator/procgroup"
	"devloop/schema"
)

// Stop asks a command to end. It lives until it does, or is killed.
func (r *Runner) Stop(key Key) {
	c := r.live[key]
	c.forgo()
	switch {
	case c == nil:
		return
	case c.group == nil:
		c.endStart()
	case key.Stage == Whole:
		stop := r.opt.Process(key.Node).Stop
		c.beforeSignal(stop.Signal)
		if !c.stop && !c.grant.Drain(stop.Timeout, func() { r.owner.post(func() { r.drained(c) }) }) {
			r.stopAsConfigured(c)
		}
	default:
		r.end(c, "SIGTERM", false)
	}
	c.stop = true
}

// endStart ends a command that has not started: see started, or, if that takes too long, begin.
func (c *Command) endStart() {
	if !c.asked() {
		time.AfterFunc(stopsStart, c.givenUp.set)
	}
}

// drained continues to end a generation when nothing is in flight to it any more.
func (r *Runner) drained(c *Command) {
	if !c.gone && !c.kill {
		r.stopAsConfigured(c)
	}
}

// Kill ends a command at once, with its whole tree.
func (r *Runner) Kill(key Key) {
	c := r.live[key]
	c.forgo()
	switch {
	case c == nil:
		return
	case c.group == nil:
		c.endStart()
	default:
		c.beforeSignal("SIGKILL")
		if err := c.group.Kill(); err != nil {
			r.owner.trouble(key.Node, fmt.Errorf("kill %s: %w", c.name, err))
		}
	}
	c.kill = true
}

// end begins the stop of a command: a signal to its whole tree, or only to the leader, which then ends the
// rest itself.
func (r *Runner) end(c *Command, name string, leaderOnly bool) {
	sig, err := procgroup.ParseSignal(name)
	switch {
	case err != nil:
	case leaderOnly:
		c.group.Hold()
		err = c.group.SignalLeader(sig)
	default:
		err = c.group.Stop(sig)
	}
	r.failedSignal(c, err)
}

// failedSignal reports a signal that could not be sent, unless the command has just ended by itself.
func (r *Runner) failedSignal(c *Command, err error) {
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.owner.trouble(c.Key.Node, fmt.Errorf("signal %s: %w", c.name, err))
	}
}

// stopAsConfigured ends a process as its `stop` says.
func (r *Runner) stopAsConfigured(c *Command) {
	p := r.opt.Process(c.Key.Node)
	c.readiness.cancel() // it need not become ready any more
	if p.Stop.Command == nil {
		r.end(c, p.Stop.Signal, p.Stop.LeaderOnly)
		return
	}
	e, err := r.build.environment(p.Project, p.Env)
	if err == nil {
		e.set("DEVLOOP_PROCESS", p.Short)
		e.set("DEVLOOP_GENERATION", strconv.Itoa(c.Key.Num))
		e.set("DEVLOOP_PID", strconv.Itoa(c.group.PID()))
		var stop program
		if stop, err = r.build.program(*p.Stop.Command, e); err == nil {
			lines, _ := r.output.streams(p.Name)
			c.group.Hold()
			r.runStopCommand(c, p.Stop, procgroup.Spec{Argv: stop.argv, Dir: p.Dir, Env: e.list(), Output: lines, Grace: stageGrace, KeepDaemons: true})
			return
		}
	}
	r.stopBySignal(c, p.Stop, err)
}

// stopBySignal ends a process whose stop.command has failed as if it had none.
func (r *Runner) stopBySignal(c *Command, stop schema.Stop, why error) {
	r.owner.advice(c.Key.Node, fmt.Sprintf("stop.command: %v; sending %s instead", why, stop.Signal), "")
	if !c.gone && !c.kill {
		r.end(c, stop.Signal, stop.LeaderOnly)
	}
}

// runStopCommand runs a stop.command beside the process. It may not outlive that process.
func (r *Runner) runStopCommand(c *Command, stop schema.Stop, spec procgroup.Spec) {
	target := c.group.Done()
	failed := func(why error) { r.owner.post(func() { r.stopBySignal(c, stop, why) }) }
	spec.Mark = r.guard.next()
	r.owner.joined.Go(func() {
		group, err := r.owner.begin(func() (*procgroup.Group, error) { return procgroup.Start(spec) }, target)
		if err != nil {
			failed(err)
			return
		}
		select {
		case <-group.Done():
			if err := failure(group.Exit()); err != nil {
				failed(err)
			}
		case <-target:
			// A command that waits for the process to end does so itself right after; any other is not waited
			// for.
			select {
			case <-group.Done():
			case <-time.After(stageGrace):
			}
			group.Kill()
			<-group.Done()
		}
	})
}

// Serve makes a generation the one that serves.
func (r *Runner) Serve(key Key) {
	if c := r.live[key]; c != nil {
		c.grant.Serve()
	}
}

// Reload sends the signal that makes a process read its files again. changed are
// paths.
func (r *Runner) Reload(key Key, changed []string) {
	c := r.live[key]
	if c == nil || c.group == nil {
		return
	}
	list := changedList{c.name, key.Num, key.Num - 2}
	r.owner.onDisk(func() {
		err := r.build.files.write(list, changed, true)
		r.owner.post(func() {
			if err != nil {
				r.owner.trouble(key.Node, err)
			}
			r.signalReload(c)
		})
	})
}

// signalReload sends the signal of reload, if the process still runs.
func (r *Runner) signalReload(c *Command) {
	if c.gone {
		return
	}
	sig, err := procgroup.ParseSignal(r.opt.Process(c.Key.Node).Reload)
	if err == nil {
		err = c.group.Signal(sig)
	}
	r.failedSignal(c, err)
}
