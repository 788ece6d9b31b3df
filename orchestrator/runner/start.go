package runner

import (
	"context"
	"strconv"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/warnings"
	"devloop/schema"
)

const (
	// ReadyTimeout is how long a process without a ready of its own has until it
	// must accept.
	ReadyTimeout = 60 * time.Second

	// stageGrace is what is left of a stage's tree when the stage itself has
	// ended: it gets this long after SIGTERM.
	stageGrace = 2 * time.Second
)

// StartStage runs one stage of a watcher's run. paths have changed. An error says
// that nothing was started, and nothing is heard of it any more.
func (r *Runner) StartStage(key Key, w *schema.Watcher, stage *schema.Stage, paths []string) error {
	e, err := commandEnviron(r.opt.Environ, w.Project, w.Env, stage.Env)
	if err != nil {
		return err
	}
	list := changedList{w.Name, key.Num, key.Num - 1}
	r.tellChanged(e, list, paths)
	e.set("DEVLOOP_WATCHER", w.Short)
	e.set("DEVLOOP_STAGE", stage.Name)
	e.set("DEVLOOP_RUN", strconv.Itoa(key.Num))
	program, err := r.program(stage.Run, e) // which may use all of these
	if err != nil {
		return err
	}
	r.hintColor(program, e)
	c := &Command{Key: key, name: w.Name, Warned: &warnings.Counter{}, wanted: r.wantedProgram(stage.Run, program.argv, stage.Dir, w.Env, stage.Env),
		prepare: func() error { return r.scratch.write(list, paths, false) }}
	spec := procgroup.Spec{Argv: program.argv, Dir: stage.Dir, Env: e.list(), Grace: stageGrace, KeepDaemons: true}
	lines, open := r.streams(w.Name)
	if !r.opt.Stream {
		c.Spool = &console.Spool{Dir: r.scratch.dir}
		lines, open = func(b procgroup.Block) { c.Spool.Write(b.Text) }, func([]byte) {}
	}
	spec.Output = r.keep(w.Name, key.Num, stage.Name, countWarnings(c.Warned, lines))
	spec.Unfinished = r.keepOpen(w.Name, key.Num, stage.Name, open)
	r.launch(c, spec)
	return nil
}

// countWarnings counts the warnings of what a stage writes, on its way.
func countWarnings(to *warnings.Counter, next func(procgroup.Block)) func(procgroup.Block) {
	var plain []byte
	return func(b procgroup.Block) {
		plain = console.Sanitize(plain[:0], b.Text, false)
		to.Write(plain)
		next(b)
	}
}

// Generation is one of a process that is to start.
type Generation struct {
	Process  *schema.Process
	Changed  []string // paths
	Probed   bool     // something else than the start itself says when it is ready
	Acceptor string   // the socket whose first accepted connection says so; "" if it is something else
}

// StartProcess starts a generation of a process with its sockets. An error says
// that nothing was started, and nothing is heard of it any more.
func (r *Runner) StartProcess(key Key, g Generation) (err error) {
	p := g.Process
	e, err := commandEnviron(r.opt.Environ, p.Project, p.Env)
	if err != nil {
		return err
	}
	e.set("DEVLOOP_PROCESS", p.Short)
	e.set("DEVLOOP_GENERATION", strconv.Itoa(key.Num))
	c := &Command{Key: key, name: p.Name, process: p, acceptor: g.Acceptor, probed: g.Probed, told: newLatch()}
	c.ctx, c.cancel = context.WithCancel(r.ctx)
	c.lastCheck.note("it has not started yet")
	if c.grant, err = r.opt.Sockets.Grant(p.Sockets); err != nil {
		c.cancel()
		return err
	}
	defer func() {
		if err != nil {
			c.forgo()
			c.grant.Cancel()
		}
	}()
	e.setAll(c.grant.Env())
	if p.Ready != nil && p.Ready.Notify {
		if err := r.openNotify(c, e); err != nil {
			return err
		}
	}
	// What looks whether it is ready has neither its sockets nor the variables
	// of its command line.
	c.checks = newEnviron(e.list())
	list := changedList{p.Name, key.Num, key.Num - 2} // the one before may live beside it
	r.tellChanged(e, list, g.Changed)
	c.prepare = func() error {
		if err := r.scratch.write(list, g.Changed, false); err != nil {
			r.advise(key.Node, err.Error(), "") // it can do without
		}
		return nil
	}
	program, err := r.program(p.Run, e)
	if err != nil {
		return err
	}
	c.wrapper = program.wrapper
	c.wanted = r.wantedProgram(p.Run, program.argv, p.Dir, p.Env)
	files := c.grant.Files()
	if len(files) > 0 && (p.ListenPID == schema.PIDAlways || p.ListenPID == schema.PIDAuto && program.keepsPID) {
		if program.argv, err = r.throughShim(program.argv, p.Dir, e); err != nil {
			r.seekProgram(c, procgroup.Exit{Err: err})
			return err
		}
	}
	if !p.PTY {
		r.hintColor(program, e)
	}
	spec := procgroup.Spec{Argv: program.argv, Dir: p.Dir, Env: e.list(), Files: files, Grace: p.Stop.Timeout}
	spec.Output, spec.Unfinished = r.follow(c)
	if p.PTY {
		if _, known := e.lookup("TERM"); !known {
			spec.Env = append(spec.Env, "TERM=xterm-256color")
		}
		spec.PTY = &procgroup.PTYSize{Rows: ptyRows, Cols: ptyCols}
	}
	r.launch(c, spec)
	return nil
}

// The size of a terminal that nobody is attached to.
const (
	ptyRows = 24
	ptyCols = 120
)

// follow is where the output of a process goes, and who reads along: some of what
// servers write says how they are.
func (r *Runner) follow(c *Command) (lines func(procgroup.Block), open func([]byte)) {
	lines, open = r.streams(c.name)
	lines, open = r.keep(c.name, c.Key.Num, "", lines), r.keepOpen(c.name, c.Key.Num, "", open)
	if mark := c.grant.MarkPrivate(func(text string) { r.opt.Console.Say(c.name, console.Dim, text) }); mark != nil {
		shown := lines
		lines = func(b procgroup.Block) { shown(b); mark(b.Text) }
	}
	switch ready := c.process.Ready; {
	case ready == nil:
	case ready.Log != nil:
		return readyByLog(c.told, ready.Log, lines), readyByOpenLine(c.told, ready.Log, open)
	case ready.Notify:
		return c.lastCheck.hearComplaint(lines), open
	}
	return lines, open
}

// streams hand a command's output to the console as it comes, whole lines and one
// that is not finished.
func (r *Runner) streams(name string) (lines func(procgroup.Block), unfinished func([]byte)) {
	s := r.opt.Console.Stream(name)
	return func(b procgroup.Block) { s.Lines(b.Text, b.Continued) }, s.Unfinished
}

// keep puts what a command writes into the journal, on its way.
func (r *Runner) keep(node string, run int, stage string, next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		r.opt.Journal.Append(journal.Entry{Node: node, Run: run, Part: stage, Text: b.Text, Continued: b.Continued})
		next(b)
	}
}

// keepOpen is keep for a line that is not finished.
func (r *Runner) keepOpen(node string, run int, stage string, next func([]byte)) func([]byte) {
	return func(text []byte) {
		r.opt.Journal.Unfinished(journal.Entry{Node: node, Run: run, Part: stage, Text: text})
		next(text)
	}
}
