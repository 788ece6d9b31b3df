package orchestrator

import (
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/schema"
)

// This file is the way from the machine, which knows nodes by their numbers, to
// those who tell people and programs: they get names, and all that they say.

// reported hands on what the machine reports.
func (l *loop) reported(a machine.Report) {
	if a.Kind == machine.RunStarted {
		l.plans[a.Node] = l.graph.Nodes[a.Node].Watcher
	}
	r := l.complete(a)
	l.history.Report(r)
	l.log.Report(r)
	l.screen.Report(r)
}

// announce tells what the machine is about to hear.
func (l *loop) announce(ev machine.Event) {
	switch ev := ev.(type) {
	case machine.Start:
		l.started = true
		for _, n := range l.graph.Nodes {
			l.log.Began(n.Name)
		}
	case machine.FilesChanged:
		for _, c := range ev.Changes {
			for _, node := range c.Nodes {
				l.log.Changed(l.name(node), c.Path)
			}
		}
	case machine.Shutdown:
		l.log.Ending()
	case machine.Command:
		for _, node := range ev.Nodes {
			l.history.Asked(l.name(node), ev.Verb)
			l.log.Asked(l.name(node))
		}
	}
}

// complete is a report with all that is told of it.
func (l *loop) complete(a machine.Report) report.Report {
	n := l.graph.Nodes[a.Node]
	r := report.Report{Kind: a.Kind, Node: n.Name, Watcher: n.Watcher != nil, Gone: n.Gone, Number: a.Num, Why: a.Why,
		Asked: l.history.LastAsked(n.Name), Paths: a.Paths, Took: a.Took, Until: a.Until, End: a.End, Times: a.Times, Known: a.Known,
		Stage: report.Stage{Name: a.Stage}, Run: report.Run{Stale: a.Stale}, Need: report.Need{Condition: a.Need}}
	if a.By >= 0 {
		r.By = l.name(a.By)
	}
	switch a.Kind {
	case machine.RunStarted:
		r.Run.Plan = stageNames(l.plan(a.Node))
	case machine.RunFailed:
		for _, node := range l.liveBelow(a.Node) {
			r.Run.Serving = append(r.Run.Serving, l.name(node))
		}
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut:
		l.completeStage(&r, a)
	case machine.Starting:
		r.Process.Beside = l.runner.RunsProcess(a.Node)
	case machine.Ready:
		r.Process.Probed = probed(l.cfg, n.Process)
		r.Process.URLs = l.urls(n.Process)
	case machine.Stopping:
		side := l.machine.Status()[a.Node].Candidate
		r.Process.New = side != nil && side.New && side.Num == a.Num
	case machine.Killing:
		r.Process.Grace = n.Process.Stop.Timeout
	case machine.Unready, machine.Dropped:
		r.Process.LastCheck = l.runner.Process(a.Node, a.Num).LastCheck()
	case machine.StillWaiting:
		if pids := l.runner.PIDs(a.Node); len(pids) > 0 {
			r.Process.PID = pids[0]
		}
	case machine.Blocked, machine.NotRun:
		r.Need.Became = l.snapshot(l.machine.Status()).Became(a.By)
	}
	return r
}

// completeStage adds what the stage that has ended wrote. Its output is handed over
// to whoever gets the report of a failure.
func (l *loop) completeStage(r *report.Report, a machine.Report) {
	c := l.exited
	if c == nil || c.Key.Node != a.Node || c.Key.Num != a.Num || stageOf(l.plan(a.Node), c.Key.Stage).Name != a.Stage {
		return // it never came to a command
	}
	if a.Kind != machine.StagePassed {
		r.Stage.Output, c.Spool = c.Spool, nil
	} else if c.Warned != nil {
		r.Stage.Warnings, r.Stage.Warning = c.Warned.Count()
	}
}

// stageNames names the stages of a watcher, group by group.
func stageNames(w *schema.Watcher) (names [][]string) {
	for _, group := range w.Groups() {
		var of []string
		for _, s := range group {
			of = append(of, s.Name)
		}
		names = append(names, of)
	}
	return names
}

// snapshot is the state of the nodes, for those who put it into words.
func (l *loop) snapshot(nodes []machine.NodeStatus) report.Snapshot {
	return report.Snapshot{Nodes: nodes, PIDs: l.runner.PIDs,
		LastCheck: func(node, generation int) string { return l.runner.Process(node, generation).LastCheck() },
		Says:      func(node, generation int) string { return l.runner.Process(node, generation).SelfReport() }}
}

// urls lists where a process's http sockets are found.
func (l *loop) urls(p *schema.Process) (urls []string) {
	for _, ref := range p.Sockets {
		if s := l.sockets.Named(ref.Name); s != nil && s.URL() != "" {
			urls = append(urls, s.URL())
		}
	}
	return urls
}

func (l *loop) name(node int) string { return l.graph.Nodes[node].Name }

// watching tells what is watched.
func (l *loop) watching() {
	w := l.files.Watching()
	l.screen.Watching(w.Directories, w.Polled)
}

// forgetPast makes a node one of which nothing is known.
func (l *loop) forgetPast(name string) {
	l.history.Forget(name)
	l.screen.Forget(name)
}
