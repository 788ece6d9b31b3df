package runner

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// StartStage runs one stage of a watcher's run. paths have changed. Of a fresh one no earlier pass stands for it. An error
// means that nothing was started, and no event follows.
func (r *Runner) StartStage(key Key, w *schema.Watcher, stage *schema.Stage, paths []string, fresh bool) error {
	e, err := r.build.environment(w.Project, w.Env, stage.Env)
	if err != nil {
		return err
	}
	var known []string // what an earlier pass had, too
	if stage.Reuse != nil {
		known = e.list()
	}
	list := changedList{w.Name, key.Num, key.Num - 1}
	r.build.setChanged(e, list, paths)
	e.set("DEVLOOP_WATCHER", w.Short)
	e.set("DEVLOOP_STAGE", stage.Name)
	e.set("DEVLOOP_RUN", strconv.Itoa(key.Num))
	program, err := r.build.program(stage.Run, e) // which may use all of these
	if err != nil {
		return err
	}
	r.build.hintColor(program, e)
	c := &Command{Key: key, name: w.Name, Diagnostics: problemsOf(r.owner, w, stage), wanted: r.build.wantedProgram(stage.Run, program.argv, stage.Dir, e, w.Env, stage.Env),
		prepare: func() error { return r.build.files.write(list, paths, false) }}
	spec := procgroup.Spec{Argv: program.argv, Dir: stage.Dir, Env: e.list(), Nice: stage.Nice, Grace: stageGrace, KeepDaemons: true}
	lines, open := r.output.streams(w.Name)
	if !r.opt.Stream {
		c.Spool = &console.Spool{Dir: r.build.files.dir}
		lines, open = func(b procgroup.Block) { c.Spool.Write(b.Text) }, func([]byte) {}
	}
	spec.Output = r.output.keep(w.Name, key.Num, stage.Name, readAlong(lines, c.Diagnostics))
	spec.Unfinished = r.output.keepOpen(w.Name, key.Num, stage.Name, open)
	if stage.Reuse != nil && r.opt.Reuser != nil {
		if c.earlier, err = r.earlier(key, w, stage, program, known, fresh); err != nil {
			return err
		}
		spec.Output = c.collect(spec.Output)
		c.remote = r.engines.stage(r.owner, r.opt.Config(), key.Node, stage)
	}
	r.launch(c, spec)
	return nil
}

// earlier prepares a stage to be looked up. known is its environment, without what differs from run to run.
func (r *Runner) earlier(key Key, w *schema.Watcher, stage *schema.Stage, p program, known []string, fresh bool) (*earlier, error) {
	s, err := r.build.reused(r.opt.Config, w, stage, p, known)
	if err != nil {
		return nil, err
	}
	s.Run = fmt.Sprint(key.Node, " ", key.Num) // what is saved after it has begun is for the next one
	s.Files, s.List = r.opt.Inputs(key.Node, stage), listOf(stage)
	s.Advise = func(text, hint string) { r.owner.advise(key.Node, stage.Name+": "+text, hint) }
	x := &earlier{reuser: r.opt.Reuser, stage: s, fresh: fresh}
	x.ctx, x.cancel = context.WithCancel(r.owner.ctx)
	return x, nil
}

// ReusedStage is a stage with `reuse` as StartStage has it looked up, but for its files. The Runner may be one that was
// given no more than an environment and a configuration.
func (r *Runner) ReusedStage(w *schema.Watcher, stage *schema.Stage) (*reuse.Stage, error) {
	e, err := r.build.environment(w.Project, w.Env, stage.Env)
	if err != nil {
		return nil, err
	}
	known := e.list()
	e.set("DEVLOOP_WATCHER", w.Short)
	e.set("DEVLOOP_STAGE", stage.Name)
	p, err := r.build.program(stage.Run, e)
	if err != nil {
		return nil, err
	}
	return r.build.reused(r.opt.Config, w, stage, p, known)
}

// reused is a stage with what its key is made of, but for its files.
func (b *builder) reused(cfg func() *schema.Config, w *schema.Watcher, stage *schema.Stage, p program, known []string) (*reuse.Stage, error) {
	set, unset, err := declared(b.environ, w.Project, w.Env, stage.Env)
	if err != nil {
		return nil, err
	}
	e := newEnviron(known)
	e.setAll(p.assigned)
	for _, kv := range p.assigned {
		name, _, _ := strings.Cut(kv, "=")
		set = append(set, name)
	}
	s := &reuse.Stage{Watcher: w.Name, Name: stage.Name, Config: stage.Reuse, Root: w.Project.Dir, Dir: stage.Dir, Argv: p.argv, Text: stage.Run.Text,
		Unset: unset, Environ: e.list(), Remote: stage.Remote}
	if stage.Remote {
		s.Platform = platform(cfg())
	}
	seen := map[string]bool{}
	for _, name := range set {
		if value, ok := e.lookup(name); ok && !seen[name] {
			s.Set = append(s.Set, reapi.Property{Name: name, Value: value})
		}
		seen[name] = true
	}
	return s, nil
}

// Generation is a generation of a process that is to start.
type Generation struct {
	Process  *schema.Process
	Changed  []string // paths
	Probed   bool     // more than the start says when it is ready
	Acceptor string   // the socket whose first accepted connection says so; "" if it is something else
}

// StartProcess starts a generation of a process with its sockets. An error means that nothing was started,
// and no event follows.
func (r *Runner) StartProcess(key Key, g Generation) (err error) {
	p := g.Process
	e, err := r.build.environment(p.Project, p.Env)
	if err != nil {
		return err
	}
	e.set("DEVLOOP_PROCESS", p.Short)
	e.set("DEVLOOP_GENERATION", strconv.Itoa(key.Num))
	grant, err := r.opt.Sockets.Grant(p.Sockets)
	if err != nil {
		return err
	}
	ready := r.newReadiness(key, g, grant)
	defer func() {
		if err != nil {
			ready.end()
			grant.Cancel()
		}
	}()
	e.setAll(grant.Env())
	if p.Ready != nil && p.Ready.Notify {
		if err := ready.useNotify(e); err != nil {
			return err
		}
	}
	// Its checks have neither its sockets nor the variables for them, which newEnviron leaves out.
	ready.checks = newEnviron(e.list())
	c := &Command{Key: key, name: p.Name, generation: &generation{process: p, grant: grant, readiness: ready}}
	list := changedList{p.Name, key.Num, key.Num - 2} // the generation before it may still live
	r.build.setChanged(e, list, g.Changed)
	program, err := r.build.program(p.Run, e)
	if err != nil {
		return err
	}
	c.wrapper = program.wrapper
	c.wanted = r.build.wantedProgram(p.Run, program.argv, p.Dir, e, p.Env)
	files := grant.Files()
	check := func() error { return nil }
	if len(files) > 0 && (p.ListenPID == schema.PIDAlways || p.ListenPID == schema.PIDAuto && program.keepsPID) {
		program.argv, check = r.build.throughShim(program.argv, p.Dir, e)
	}
	if named := c.wanted.program; program.keepsPID && named != "" { // a shell would say it in words of its own
		check = func() error { return procgroup.Check(procgroup.Spec{Argv: []string{named}, Dir: p.Dir, Env: e.list()}) }
	}
	c.prepare = func() error {
		if err := r.build.files.write(list, g.Changed, false); err != nil {
			r.owner.advise(key.Node, err.Error(), "") // it works without
		}
		if err := ready.prepare(); err != nil {
			return err
		}
		return check()
	}
	if !p.PTY {
		r.build.hintColor(program, e)
	}
	spec := procgroup.Spec{Argv: program.argv, Dir: p.Dir, Env: e.list(), Files: files, Grace: p.Stop.Timeout}
	spec.Output, spec.Unfinished = ready.follow(r.processOutput(p.Name, key.Num, grant))
	if p.PTY {
		if _, known := e.lookup("TERM"); !known {
			spec.Env = append(spec.Env, "TERM=xterm-256color")
		}
		spec.PTY = &procgroup.PTYSize{Rows: ptyRows, Cols: ptyCols}
	}
	r.launch(c, spec)
	return nil
}

// newReadiness is the readiness of a generation that has not started yet.
func (r *Runner) newReadiness(key Key, g Generation, grant *sockets.Grant) *readiness {
	ready := &readiness{owner: r.owner, build: &r.build, mark: r.guard.next, node: key.Node, process: g.Process, grant: grant,
		acceptor: g.Acceptor, probed: g.Probed, reached: func() { r.opt.Reports.Ready(key) }, saidReady: newLatch()}
	ready.ctx, ready.cancel = context.WithCancel(r.owner.ctx)
	ready.lastCheck.note("it has not started yet")
	return ready
}

// processOutput takes what a generation writes: for the screen, for `devloop logs`, and to explain the addresses of
// its private ports.
func (r *Runner) processOutput(name string, generation int, grant *sockets.Grant) (lines func(procgroup.Block), open func([]byte)) {
	lines, open = r.output.streams(name)
	lines, open = r.output.keep(name, generation, "", lines), r.output.keepOpen(name, generation, "", open)
	if mark := grant.MarkPrivate(func(text string) { r.opt.Console.Say(name, console.Dim, text) }); mark != nil {
		shown := lines
		lines = func(b procgroup.Block) { shown(b); mark(b.Text) }
	}
	return lines, open
}

// The size of a terminal without an attached user.
const (
	ptyRows = 24
	ptyCols = 120
)

// Output is what a command prints that ends by itself, such as one that says its version. The error says how it failed.
func (r *Runner) Output(ctx context.Context, command schema.Command, dir string, environ []string) ([]byte, error) {
	e := newEnviron(environ)
	p, err := r.build.program(command, e)
	if err != nil {
		return nil, err
	}
	var out []byte
	spec := procgroup.Spec{Argv: p.argv, Dir: dir, Env: e.list(), Mark: r.guard.next(), Output: func(b procgroup.Block) { out = append(out, b.Text...) }}
	err = r.owner.runCheck(ctx, spec)
	return out, err
}
