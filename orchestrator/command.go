package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/shellcmd"
	"devloop/orchestrator/sockets"
	"devloop/orchestrator/warnings"
	"devloop/schema"
)

// wholeProcess stands in a commandKey where a stage would.
const wholeProcess = -1

// commandKey names one running command: a stage of a run, or a generation of a
// process.
type commandKey struct{ node, num, stage int }

// command is one running command.
type command struct {
	key     commandKey
	group   *procgroup.Group // nil until it has started
	prepare func() error     // what must be done before that, and may have to wait for a disk; may be nil
	stop    bool             // asked to end, perhaps before it had started
	kill    bool
	spool   *console.Spool     // a stage's output, unless it is streamed
	warned  *warnings.Counter  // of a stage's output
	ctx     context.Context    // of a process: ends when it need not become ready any more
	cancel  context.CancelFunc // ends ctx
	ready   bool               // a process: it has said so, or accepted
	advised bool               // people know what it does wrong with its sockets
	told    *signal            // a process whose ready is a line of its log, or a notification
	lacks   lack               // why a process is not ready yet
	checks  *environ           // of what looks whether a process is ready

	process   *schema.Process    // as it was when it was started
	grant     *sockets.Grant     // of a process: its sockets
	readyFile probe.Mark         // of `ready: {file: …}`, before it was started
	says      says               // what a process has told of itself
	endNotify context.CancelFunc // closes the socket on which it does; nil if it has none
	wrapper   string             // see program
	wanted    wanted             // what it runs
}

// What a command's goroutine tells the loop.
type (
	startedEvent struct {
		key   commandKey
		group *procgroup.Group
	}
	exitedEvent struct {
		key commandKey
		end machine.End
	}
	// drainedEvent says that nothing is in flight to a generation that is to end.
	drainedEvent struct{ key commandKey }

	// leftEvent says that a command's leader has ended well, and that there are
	// others of it still.
	leftEvent struct {
		key   commandKey
		count int // see procgroup.Exit
	}
)

// launch starts a command in a goroutine of its own, since a start may have to
// be tried again while its binary is still being written, and waits for it
// there. It posts startedEvent, unless the start failed, then exitedEvent.
func (l *loop) launch(c *command, spec procgroup.Spec) {
	l.live[c.key] = c
	spec.Mark = l.guard.next()
	l.joined.Go(func() {
		c.look(l.ctx)
		var pipe uint64
		spec.Forking = func(number uint64) { pipe = number; l.guard.forking(pipe) }
		var group *procgroup.Group
		err := c.prepared()
		if err == nil {
			group, err = procgroup.Start(spec)
		}
		if err != nil {
			l.guard.forgo(pipe)
			l.events <- exitedEvent{c.key, machine.End{Code: -1, Err: err.Error()}}
			return
		}
		<-group.Started()
		pid := group.PID()
		l.guard.began(pid, pipe)
		l.events <- startedEvent{c.key, group}
		<-group.LeaderDone()
		if x := group.Exit(); x.Success() && x.Leftovers > 0 {
			l.events <- leftEvent{c.key, x.Leftovers}
		}
		<-group.Done()
		l.guard.ended(pid)
		l.events <- exitedEvent{c.key, endOf(group.Exit())}
	})
}

// prepared does what the command needs before its start.
func (c *command) prepared() error {
	if c.prepare == nil {
		return nil
	}
	return c.prepare()
}

// look notes what is there before a generation starts, so that it is not taken
// for the generation's work. It may wait for a disk.
func (c *command) look(ctx context.Context) {
	if c.process == nil {
		return
	}
	if r := c.process.Ready; r != nil && r.File != "" {
		c.readyFile = probe.MarkFile(r.File)
	}
	c.grant.Look(ctx)
}

func endOf(x procgroup.Exit) machine.End {
	end := machine.End{Code: x.Code, Signal: x.Signal}
	if x.Err != nil {
		end.Err = x.Err.Error()
	}
	return end
}

func (l *loop) commandStarted(ev startedEvent) {
	c := l.live[ev.key]
	c.group = ev.group
	if ev.key.stage == wholeProcess {
		l.awaitReady(c)
		l.step(machine.ProcessStarted{Node: ev.key.node, Gen: ev.key.num, PID: ev.group.PID()})
		l.watchOver(c)
	}
	switch {
	case c.kill:
		l.kill(c.key)
	case c.stop:
		c.stop = false
		l.stop(c.key)
	}
}

func (l *loop) commandExited(ev exitedEvent) {
	c := l.live[ev.key]
	delete(l.live, ev.key)
	if c.cancel != nil {
		c.cancel()
	}
	if c.endNotify != nil {
		c.endNotify()
	}
	if ev.key.stage == wholeProcess {
		l.returnGrant(c, ev.end.Signal, ev.end.Code)
		l.lostByWrapper(c)
		l.boundItself(c)
		l.seekProgram(c, ev.end)
		l.step(machine.ProcessExited{Node: ev.key.node, Gen: ev.key.num, End: ev.end})
		l.forgetGone(ev.key.node)
		l.release()
		return
	}
	l.exited = c
	l.step(machine.StageExited{Node: ev.key.node, Run: ev.key.num, Stage: ev.key.stage, End: ev.end})
	l.seekProgram(c, ev.end)
	l.forgetGone(ev.key.node)
	l.exited = nil
	if c.spool != nil { // nobody wanted to see it
		c.spool.Close()
	}
}

// commandLeft tells of a process that nobody has asked to end and that goes on
// in the background, as a daemon does: devloop ends it, since it would have no
// way to look after it.
func (l *loop) commandLeft(ev leftEvent) {
	c := l.live[ev.key]
	if ev.key.stage != wholeProcess || c.stop || c.kill {
		return
	}
	l.advise(adviceEvent{ev.key.node,
		fmt.Sprintf("it went into the background: what was started has ended with exit code 0 and left %s", left(ev.count)),
		"run it in the foreground: many servers have a flag for that, such as -D, -F, --foreground, --no-daemon"})
}

func left(count int) string {
	if count == 1 {
		return "a process behind, which is ended too"
	}
	return fmt.Sprintf("%d processes behind, which are ended too", count)
}

// stop asks a command to end. It goes on to live until it does, or is killed.
func (l *loop) stop(key commandKey) {
	c := l.live[key]
	switch {
	case c == nil:
		return
	case c.group == nil: // see commandStarted
	case key.stage == wholeProcess:
		stop := l.graph.Nodes[key.node].Process.Stop
		c.beforeSignal(stop.Signal)
		if !c.stop && !c.grant.Drain(stop.Timeout, func() { l.post(drainedEvent{key}) }) {
			l.stopAsConfigured(c)
		}
	default:
		l.end(c, "SIGTERM", false)
	}
	c.stop = true
}

func (l *loop) kill(key commandKey) {
	c := l.live[key]
	switch {
	case c == nil:
		return
	case c.group == nil: // see commandStarted
	default:
		c.beforeSignal("SIGKILL")
		if err := c.group.Kill(); err != nil {
			l.screen.Trouble(l.name(key.node), fmt.Errorf("kill %s: %w", l.graph.Nodes[key.node].Name, err))
		}
	}
	c.kill = true
}

// beforeSignal notes what a process has on its sockets just before a signal.
func (c *command) beforeSignal(name string) {
	if c.key.stage != wholeProcess {
		return
	}
	sig, err := procgroup.ParseSignal(name)
	fatal := err == nil
	if fatal {
		caught, err := c.group.Catches(sig)
		fatal = err == nil && !caught
	}
	c.grant.BeforeSignal(fatal)
}

// end begins the stop of a command: a signal to its whole tree, or to the
// leader alone, which then ends the rest itself.
func (l *loop) end(c *command, name string, leaderOnly bool) {
	sig, err := procgroup.ParseSignal(name)
	switch {
	case err != nil:
	case leaderOnly:
		c.group.Hold()
		err = c.group.SignalLeader(sig)
	default:
		err = c.group.Stop(sig)
	}
	l.failedSignal(c, err)
}

// failedSignal tells of a signal that could not be sent. A command that has
// just ended by itself is none of that.
func (l *loop) failedSignal(c *command, err error) {
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		l.screen.Trouble(l.name(c.key.node), fmt.Errorf("signal %s: %w", l.graph.Nodes[c.key.node].Name, err))
	}
}

// program is a configured command as it is executed.
type program struct {
	argv     []string
	keepsPID bool   // what is started becomes, by exec, what the command names
	wrapper  string // a tool that starts the program as a child, such as "npm run"
	sole     string // the program, if nothing stands between what it writes and devloop
}

// program turns a configured command into what is executed.
func (l *loop) program(c schema.Command, e *environ) (program, error) {
	if c.PresetDir != "" {
		e.set("PRESET_DIR", c.PresetDir)
	}
	if len(c.Argv) > 0 {
		argv, err := c.Fill(e.lookup)
		if err != nil {
			return program{}, err
		}
		wrapper := shellcmd.Wrapper(argv)
		return program{argv, wrapper == "", wrapper, argv[0]}, nil
	}
	shell := c.Shell()
	cmd, err := shellcmd.Resolve(c.Text, shell.Argv, shell.Default)
	if err != nil {
		return program{}, fmt.Errorf("read command %q: %w", c.Text, err)
	}
	e.setAll(cmd.Env)
	return program{cmd.Argv, cmd.KeepsPID && cmd.Wrapper == "", cmd.Wrapper, cmd.Sole}, nil
}

// hintColor asks a program whose output goes to a screen with colours for some.
func (l *loop) hintColor(p program, e *environ) {
	if !l.opt.Color {
		return
	}
	if name, value := console.ColorHint(p.sole, e.lookup); name != "" {
		e.set(name, value)
	}
}

// failStart answers a start that could not even be tried.
func (l *loop) failStart(key commandKey, err error) {
	end := machine.End{Code: -1, Err: err.Error()}
	if key.stage == wholeProcess {
		l.queue = append(l.queue, machine.ProcessExited{Node: key.node, Gen: key.num, End: end})
		return
	}
	l.queue = append(l.queue, machine.StageExited{Node: key.node, Run: key.num, Stage: key.stage, End: end})
}

// startStage runs one stage of a watcher.
func (l *loop) startStage(a machine.StartStage) {
	key := commandKey{a.Node, a.Run, a.Stage}
	w := l.plan(a.Node)
	stage := stageOf(w, a.Stage)
	e, err := commandEnviron(l.opt.Environ, w.Project, w.Env, stage.Env)
	if err != nil {
		l.failStart(key, err)
		return
	}
	list := changedList{w.Name, a.Run, a.Run - 1}
	l.tellChanged(e, list, a.Paths)
	e.set("DEVLOOP_WATCHER", w.Short)
	e.set("DEVLOOP_STAGE", stage.Name)
	e.set("DEVLOOP_RUN", strconv.Itoa(a.Run))
	program, err := l.program(stage.Run, e) // which may use all of these
	if err != nil {
		l.failStart(key, err)
		return
	}
	l.hintColor(program, e)
	c := &command{key: key, warned: &warnings.Counter{}, wanted: l.wantedProgram(stage.Run, program.argv, stage.Dir, w.Env, stage.Env),
		prepare: func() error { return l.scratch.write(list, a.Paths, false) }}
	spec := procgroup.Spec{Argv: program.argv, Dir: stage.Dir, Env: e.list(), Grace: stageGrace, KeepDaemons: true}
	if l.opt.Stream {
		lines, open := l.show(w.Name)
		spec.Output = l.keep(w.Name, a.Run, stage.Name, countWarnings(c.warned, lines))
		spec.Unfinished = l.keepOpen(w.Name, a.Run, stage.Name, open)
	} else {
		c.spool = &console.Spool{Dir: l.scratch.dir}
		spec.Output = l.keep(w.Name, a.Run, stage.Name, countWarnings(c.warned, func(b procgroup.Block) { c.spool.Write(b.Text) }))
		spec.Unfinished = l.keepOpen(w.Name, a.Run, stage.Name, func([]byte) {})
	}
	l.launch(c, spec)
}

// countWarnings counts the warnings of what a stage writes, on its way.
func countWarnings(to *warnings.Counter, next func(procgroup.Block)) func(procgroup.Block) {
	var plain []byte
	return func(b procgroup.Block) {
		plain = console.Tame(plain[:0], b.Text, false)
		to.Write(plain)
		next(b)
	}
}

// plan is the watcher as it was when its last run began: what runs keeps its
// stages when the configuration is replaced.
func (l *loop) plan(node int) *schema.Watcher {
	if w := l.plans[node]; w != nil {
		return w
	}
	return l.graph.Nodes[node].Watcher
}

// forgetGone forgets everything of a node that is no more, what it has written
// too, once nothing of it runs: until then its stages have their names from its
// plan, and people may want to see what it says at its end.
func (l *loop) forgetGone(node int) {
	n := l.graph.Nodes[node]
	if !n.Gone {
		return
	}
	for key := range l.live {
		if key.node == node {
			return
		}
	}
	delete(l.plans, node)
	if l.graph.Index(n.Name) < 0 { // nor is there another kind of node by that name
		l.forgetPast(n.Name)
		l.journal.Forget(n.Name)
	}
}

// stageOf finds a stage as the machine numbers them.
func stageOf(w *schema.Watcher, index int) *schema.Stage {
	for _, group := range w.Groups() {
		if index < len(group) {
			return group[index]
		}
		index -= len(group)
	}
	return nil
}
