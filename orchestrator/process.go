package orchestrator

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
	"devloop/schema"
)

const (
	// defaultReadyTimeout is how long a process without a ready of its own has
	// until it must accept.
	defaultReadyTimeout = 60 * time.Second

	// stageGrace is what is left of a stage's tree when the stage itself has
	// ended: it gets this long after SIGTERM.
	stageGrace = 2 * time.Second
)

// startProcess starts a generation of a process with its sockets.
func (l *loop) startProcess(a machine.StartProcess) {
	key := commandKey{a.Node, a.Gen, wholeProcess}
	p := l.graph.Nodes[a.Node].Process
	e, err := commandEnviron(l.opt.Environ, p.Project, p.Env)
	if err != nil {
		l.failStart(key, err)
		return
	}
	e.set("DEVLOOP_PROCESS", p.Short)
	e.set("DEVLOOP_GENERATION", strconv.Itoa(a.Gen))
	ctx, cancel := context.WithCancel(l.ctx)
	c := &command{key: key, process: p, cancel: cancel, told: newSignal()}
	c.lacks.note("it has not started yet")
	started := false
	defer func() {
		if !started {
			cancel()
			if c.endNotify != nil {
				c.endNotify()
			}
			if c.grant != nil {
				c.grant.Cancel()
			}
		}
	}()
	c.grant, err = l.lend(p, e)
	if err == nil && p.Ready != nil && p.Ready.Notify {
		err = l.openNotify(c, e)
	}
	if err != nil {
		l.failStart(key, err)
		return
	}
	// What looks whether it is ready has neither its sockets nor the variables
	// of its command line.
	c.checks = newEnviron(e.list())
	list := changedList{p.Name, a.Gen, a.Gen - 2} // the one before may live beside it
	l.tellChanged(e, list, a.Paths)
	c.prepare = func() error {
		if err := l.scratch.write(list, a.Paths, false); err != nil {
			l.post(adviceEvent{node: a.Node, text: err.Error()}) // it can do without
		}
		return nil
	}
	program, err := l.program(p.Run, e)
	if err != nil {
		l.failStart(key, err)
		return
	}
	c.wanted = l.wantedProgram(p.Run, program.argv, p.Dir, p.Env)
	files := c.grant.Files()
	if len(files) > 0 && (p.ListenPID == schema.PIDAlways || p.ListenPID == schema.PIDAuto && program.keepsPID) {
		if program.argv, err = l.throughShim(program.argv, p.Dir, e); err != nil {
			l.failStart(key, err)
			l.seekProgram(c, machine.End{Err: err.Error()})
			return
		}
	}
	if !p.PTY {
		l.hintColor(program, e)
	}
	started = true
	c.ctx, c.wrapper = ctx, program.wrapper
	lines, open := l.show(p.Name)
	output, open := l.keep(p.Name, a.Gen, "", lines), l.keepOpen(p.Name, a.Gen, "", open)
	if mark := c.grant.MarkPrivate(func(text string) { l.opt.Console.Say(p.Name, console.Dim, text) }); mark != nil {
		shown := output
		output = func(b procgroup.Block) { shown(b); mark(b.Text) }
	}
	switch {
	case p.Ready == nil:
	case p.Ready.Log != nil:
		output = readyByLog(c.told, p.Ready.Log, output)
		open = readyByOpenLine(c.told, p.Ready.Log, open)
	case p.Ready.Notify:
		output = c.lacks.hearComplaint(output)
	}
	spec := procgroup.Spec{Argv: program.argv, Dir: p.Dir, Env: e.list(), Files: files, Output: output, Unfinished: open, Grace: p.Stop.Timeout}
	if p.PTY {
		if _, known := e.lookup("TERM"); !known {
			spec.Env = append(spec.Env, "TERM=xterm-256color")
		}
		spec.PTY = &procgroup.PTYSize{Rows: ptyRows, Cols: ptyCols}
	}
	l.launch(c, spec)
}

// The size of a terminal that nobody is attached to.
const (
	ptyRows = 24
	ptyCols = 120
)

// keep puts what a command writes into the journal, on its way.
func (l *loop) keep(node string, run int, stage string, next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		l.journal.Append(journal.Entry{Node: node, Run: run, Part: stage, Text: b.Text, Continued: b.Continued})
		next(b)
	}
}

// keepOpen is keep for a line that is not finished.
func (l *loop) keepOpen(node string, run int, stage string, next func([]byte)) func([]byte) {
	return func(text []byte) {
		l.journal.Unfinished(journal.Entry{Node: node, Run: run, Part: stage, Text: text})
		next(text)
	}
}

// throughShim makes the command one that sets LISTEN_PID to its own pid and
// then becomes the program. A program that does not exist is found out here,
// where it can be said clearly.
func (l *loop) throughShim(argv []string, dir string, e *environ) ([]string, error) {
	if err := procgroup.Check(procgroup.Spec{Argv: argv, Dir: dir, Env: e.list()}); err != nil {
		return nil, err
	}
	return shim.Wrap(l.opt.Self, argv), nil
}

// stopAsConfigured ends a process the way its `stop` says.
func (l *loop) stopAsConfigured(c *command) {
	p := l.graph.Nodes[c.key.node].Process
	if c.cancel != nil {
		c.cancel() // it need not become ready any more
	}
	if p.Stop.Command == nil {
		l.end(c, p.Stop.Signal, p.Stop.LeaderOnly)
		return
	}
	e, err := commandEnviron(l.opt.Environ, p.Project, p.Env)
	if err == nil {
		e.set("DEVLOOP_PROCESS", p.Short)
		e.set("DEVLOOP_GENERATION", strconv.Itoa(c.key.num))
		e.set("DEVLOOP_PID", strconv.Itoa(c.group.PID()))
		var stop program
		if stop, err = l.program(*p.Stop.Command, e); err == nil {
			c.group.Hold()
			lines, _ := l.show(p.Name)
			l.runStopCommand(c, p.Stop, procgroup.Spec{Argv: stop.argv, Dir: p.Dir, Env: e.list(), Output: lines, Grace: stageGrace, KeepDaemons: true})
			return
		}
	}
	l.stopBySignal(stopFailed{c.key, err.Error(), p.Stop})
}

// stopFailed says that a stop.command could not do what it is for.
type stopFailed struct {
	key  commandKey
	why  string
	stop schema.Stop
}

// stopBySignal ends a process whose stop.command has failed as if it had none.
func (l *loop) stopBySignal(f stopFailed) {
	l.advise(adviceEvent{node: f.key.node, text: fmt.Sprintf("stop.command: %s; sending %s instead", f.why, f.stop.Signal)})
	if c := l.live[f.key]; c != nil && !c.kill {
		l.end(c, f.stop.Signal, f.stop.LeaderOnly)
	}
}

// runStopCommand runs a stop.command beside the process. It may not outlive
// the process that it ends.
func (l *loop) runStopCommand(c *command, stop schema.Stop, spec procgroup.Spec) {
	target := c.group.Done()
	failed := func(why string) { l.post(stopFailed{c.key, why, stop}) }
	spec.Mark = l.guard.next()
	l.goroutine(func() {
		group, err := procgroup.Start(spec)
		if err != nil {
			failed(err.Error())
			return
		}
		select {
		case <-group.Done():
			if x := endOf(group.Exit()); !x.OK() {
				failed(x.String())
			}
		case <-target:
			// A command that waits for the process to be gone ends by itself
			// at once; one that does not is not worth waiting for.
			select {
			case <-group.Done():
			case <-time.After(stageGrace):
			}
			group.Kill()
			<-group.Done()
		}
	})
}

// serveProcess makes a generation the one that serves.
func (l *loop) serveProcess(a machine.ServeProcess) {
	if c := l.live[commandKey{a.Node, a.Gen, wholeProcess}]; c != nil {
		c.grant.Serve()
	}
}

// reload sends the signal that makes a process read its files again.
func (l *loop) reload(key commandKey, changed []string) {
	c := l.live[key]
	if c == nil || c.group == nil {
		return
	}
	list := changedList{c.process.Name, key.num, key.num - 2}
	l.onDisk.Go(func() {
		err := l.scratch.write(list, changed, true)
		_ = l.ask(l.ctx, func() { // else the loop has ended
			if err != nil {
				l.screen.Trouble(l.name(key.node), err)
			}
			l.signalReload(key)
		})
	})
}

// signalReload sends the signal of reload, if the process still runs.
func (l *loop) signalReload(key commandKey) {
	c := l.live[key]
	if c == nil {
		return
	}
	sig, err := procgroup.ParseSignal(l.graph.Nodes[key.node].Process.Reload)
	if err == nil {
		err = c.group.Signal(sig)
	}
	l.failedSignal(c, err)
}
