package orchestrator

import (
	"path/filepath"
	"slices"

	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/runner"
	"devloop/schema"
)

// newRunner makes what runs the commands of the loop.
func (l *loop) newRunner() *runner.Runner {
	opt := runner.Options{
		Environ: l.opt.Environ, Self: l.opt.Self, Color: l.opt.Color, Stream: l.opt.Stream,
		Console: l.opt.Console, Journal: l.journal, Sockets: l.sockets,
		Terminal: l.opt.Terminal,
		Post:     func(ev runner.Event) { l.post(ev) },
		Deliver:  func(ev runner.Event) { l.events <- ev },
		OnDisk:   l.onDisk.Go,
		Made:     l.own.Temporary,
		Gone:     l.own.Removed,
		Process:  func(node int) *schema.Process { return l.graph.Nodes[node].Process },
		Reports: runner.Reports{
			Started: func(c *runner.Command) {
				l.step(machine.ProcessStarted{Node: c.Key.Node, Gen: c.Key.Num, PID: c.PID()})
			},
			Ready:   func(key runner.Key) { l.step(machine.ProcessReady{Node: key.Node, Gen: key.Num}) },
			Exited:  l.commandExited,
			Advice:  func(node int, text, hint string) { l.screen.Advice(l.name(node), text, hint) },
			Missing: l.programMissing,
			Trouble: func(node int, err error) { l.screen.Trouble(l.name(node), err) },
			Notice:  l.screen.Notice,
		},
	}
	for i := range l.cfg.Processes {
		opt.Grace = max(opt.Grace, l.cfg.Processes[i].Stop.Timeout)
	}
	if l.opt.Control != nil {
		opt.Lease = l.opt.Control.Lease()
	}
	return runner.New(l.ctx, opt)
}

func (l *loop) startStage(a machine.StartStage) {
	w := l.plan(a.Node)
	if err := l.runner.StartStage(stageKey(a.Node, a.Run, a.Stage), w, stageOf(w, a.Stage), a.Paths); err != nil {
		l.queue = append(l.queue, machine.StageExited{Node: a.Node, Run: a.Run, Stage: a.Stage, End: notStarted(err)})
	}
}

func (l *loop) startProcess(a machine.StartProcess) {
	p := l.graph.Nodes[a.Node].Process
	g := runner.Generation{Process: p, Changed: a.Paths, Probed: probed(l.cfg, p)}
	if s := acceptor(l.cfg, p); s != nil {
		g.Acceptor = s.Name
	}
	if err := l.runner.StartProcess(processKey(a.Node, a.Gen), g); err != nil {
		l.queue = append(l.queue, machine.ProcessExited{Node: a.Node, Gen: a.Gen, End: notStarted(err)})
	}
}

func stageKey(node, run, stage int) runner.Key { return runner.Key{Node: node, Num: run, Stage: stage} }

func processKey(node, gen int) runner.Key {
	return runner.Key{Node: node, Num: gen, Stage: runner.Whole}
}

// notStarted is the end of a command whose start could not even be tried.
func notStarted(err error) machine.End { return machine.End{Code: -1, Err: err.Error()} }

func endOf(x procgroup.Exit) machine.End {
	end := machine.End{Code: x.Code, Signal: x.Signal}
	if x.Err != nil {
		end.Err = x.Err.Error()
	}
	return end
}

// commandExited hands the end of a command on.
func (l *loop) commandExited(c *runner.Command, exit procgroup.Exit) {
	key := c.Key
	if key.Stage == runner.Whole {
		l.step(machine.ProcessExited{Node: key.Node, Gen: key.Num, End: endOf(exit)})
		l.forgetGone(key.Node)
		l.release()
		return
	}
	l.exited = c
	l.step(machine.StageExited{Node: key.Node, Run: key.Num, Stage: key.Stage, End: endOf(exit)})
	l.forgetGone(key.Node)
	l.exited = nil
	if c.Spool != nil { // nobody wanted to see it
		c.Spool.Close()
	}
}

// programMissing tells of a program that is not there, unless a process waits for
// what builds it.
func (l *loop) programMissing(node int, text, hint string) {
	if st := l.machine.Status()[node]; st.Hold.Kind != machine.NotBuilt {
		l.screen.Missing(l.name(node), text, hint)
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

// forgetGone forgets everything of a node that is no more, what it has written
// too, once nothing of it runs: until then its stages have their names from its
// plan, and people may want to see what it says at its end.
func (l *loop) forgetGone(node int) {
	n := l.graph.Nodes[node]
	if !n.Gone || l.runner.Runs(node) {
		return
	}
	delete(l.plans, node)
	if l.graph.Index(n.Name) < 0 { // nor is there another kind of node by that name
		l.forgetPast(n.Name)
		l.journal.Forget(n.Name)
	}
}

// writing is who may be writing now; nil if no command runs. The function finds out
// which nodes have a command with the file open for writing, if the machine suspects
// one of the nodes that the file wakes of changing what it watches, or if these are
// nil. It may be called by any goroutine.
func (l *loop) writing() func(path string, wakes []int) (nodes []int) {
	var suspects []int
	for node := range l.graph.Nodes {
		if l.machine.Suspects(node) {
			suspects = append(suspects, node)
		}
	}
	groups := l.runner.Groups()
	if len(groups) == 0 {
		return nil
	}
	return func(path string, wakes []int) (nodes []int) {
		if wakes != nil && !slices.ContainsFunc(wakes, func(node int) bool { return slices.Contains(suspects, node) }) {
			return nil
		}
		real := path
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			real = filepath.Join(dir, filepath.Base(path))
		}
		for group, node := range groups {
			if group.Writes(real) {
				nodes = append(nodes, node)
			}
		}
		return nodes
	}
}
