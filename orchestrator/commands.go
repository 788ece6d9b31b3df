package orchestrator

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
)

func (l *loop) startStage(a machine.StartStage) {
	w := l.plan(a.Node)
	if err := l.runner.StartStage(stageKey(a.Node, a.Run, a.Stage), w, stageOf(w, a.Stage), a.Paths, a.Fresh); err != nil {
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

// notStarted is the end of a command that could not be started.
func notStarted(err error) machine.End { return machine.End{Code: -1, Err: err.Error()} }

func endOf(x procgroup.Exit) machine.End {
	end := machine.End{Code: x.Code, Signal: x.Signal}
	if x.Err != nil {
		end.Err = x.Err.Error()
	}
	return end
}

// commandExited passes the end of a command on.
func (l *loop) commandExited(c *runner.Command, exit procgroup.Exit) {
	key := c.Key
	if key.Stage == runner.Whole {
		end := endOf(exit)
		end.Because = c.Because
		l.step(machine.ProcessExited{Node: key.Node, Gen: key.Num, End: end})
		if !end.OK() {
			l.findCrash(key)
		}
		l.forgetGone(key.Node)
		l.release()
		return
	}
	l.report.exited = c
	l.step(machine.StageExited{Node: key.Node, Run: key.Num, Stage: key.Stage, End: endOf(exit), Reuse: reuseOf(c)})
	l.forgetGone(key.Node)
	l.report.exited = nil
	if c.Spool != nil { // not wanted
		c.Spool.Close()
	}
}

// findCrash finds the place where a process has failed, in what it wrote.
func (l *loop) findCrash(key runner.Key) {
	name := l.name(key.Node)
	if p := l.graph.Nodes[key.Node].Process; p != nil && l.report.history.Failed(name, key.Num) {
		const most = 16 << 10
		output := l.report.journal.Tail(name, key.Num, most)
		l.onDisk.Go(func() {
			problems, tail := runner.Complaints(p, output, len(output) < most)
			l.post(placeEvent{func() { l.report.complains(name, key.Num, problems, tail) }})
		})
	}
}

// programMissing reports a missing program, unless the process waits for what builds it.
func (l *loop) programMissing(node int, text, hint string) {
	if st := l.machine.Status()[node]; st.Hold.Kind != machine.NotBuilt {
		l.screen.Missing(l.name(node), text, hint)
		l.report.history.Missing(l.name(node), text, hint)
	}
}

// forgetGone forgets a removed node, its output included, once nothing of it runs: until then its stages have
// their names from its plan, and its last output is still shown.
func (l *loop) forgetGone(node int) {
	n := l.graph.Nodes[node]
	if !n.Gone || l.runner.Runs(node) {
		return
	}
	delete(l.plans, node)
	if l.graph.Index(n.Name) < 0 { // nor is there another kind of node by that name
		l.report.forgetPast(n.Name)
		l.report.journal.Forget(n.Name)
	}
}

// writing is nil if no command runs. The function that it returns finds out which nodes have a command with
// the file open for writing, if the machine suspects one of the nodes that the file wakes of changing what it
// watches, or if these are nil. It may be called by any goroutine.
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

// changed tells the machine what has changed, without nodes that are not in the graph yet: they begin later.
func (l *loop) changed(changes []machine.Change) {
	for i := range changes {
		changes[i].Nodes = slices.DeleteFunc(changes[i].Nodes, func(node int) bool {
			return node >= len(l.graph.Nodes) || l.graph.Nodes[node].Gone
		})
	}
	changes = slices.DeleteFunc(changes, func(c machine.Change) bool { return len(c.Nodes) == 0 })
	if len(changes) > 0 {
		l.step(machine.FilesChanged{Changes: changes})
	}
}

// settling is until when the machine only collects changes.
func (l *loop) settling() (until time.Time, ok bool) {
	until, ok = l.machine.Deadline()
	return until, ok && l.machine.Settling()
}

// touch touches the triggers of a watcher.
func (l *loop) touch(a machine.Touch) {
	l.report.touched(l.name(a.Node), a.Run)
	var paths []string
	for _, t := range l.plan(a.Node).Triggers {
		paths = append(paths, t.Abs)
	}
	publish(l.disk, paths, l.files.Touched, func(path string, err error) {
		ev := machine.Touched{Node: a.Node, Run: a.Run}
		if err != nil {
			ev.Err = fmt.Sprintf("cannot touch the trigger %s: %v", l.screen.Paths([]string{path}), err)
		}
		l.step(ev)
	})
}

// drain answers once everything written so far has been reported.
func (l *loop) drain(d machine.Drained) {
	if l.files == nil {
		l.queue = append(l.queue, d)
		return
	}
	l.files.Sync(func() { l.step(d) })
}

// clientWaits tells readers of events that a client waits for a process that is down: it is all that happens.
func clientWaits(l *loop, s *sockets.Held) {
	for i := range l.cfg.Processes {
		if p := &l.cfg.Processes[i]; hasSocket(p, s.Name()) {
			l.report.log.ClientWaits(p.Name)
			return
		}
	}
}

// startWaiting starts the processes that have waited for a socket whose file system has not responded.
func startWaiting(l *loop, s *sockets.Held) {
	l.screen.Holding(s.Name(), s.String())
	command := machine.Command{Verb: machine.Restart}
	for i, n := range l.graph.Nodes {
		if n.Process != nil && !n.Gone && hasSocket(n.Process, s.Name()) && l.machine.Status()[i].Num > 0 {
			command.Nodes = append(command.Nodes, i)
		}
	}
	l.step(command)
}
