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
		l.plans[a.ID] = l.graph.Nodes[a.ID].Watcher
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

// complete is a report with what the loop knows beside the machine.
func (l *loop) complete(a machine.Report) report.Report {
	r := report.Report{Report: a, Asked: l.history.LastAsked(a.Node)}
	switch a.Kind {
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut:
		l.completeStage(&r)
	case machine.Ready:
		r.URLs = l.urls(l.graph.Nodes[a.ID].Process)
	case machine.Unready, machine.Dropped:
		r.LastCheck = l.runner.Process(a.ID, a.Num).LastCheck()
	case machine.StillWaiting:
		if pids := l.runner.PIDs(a.ID); len(pids) > 0 {
			r.PID = pids[0]
		}
	case machine.Blocked, machine.NotRun:
		r.Became = l.snapshot(l.machine.Status()).Became(l.graph.Index(a.By))
	}
	return r
}

// completeStage adds what the stage that has ended wrote. Its output is handed over
// to whoever gets the report of a failure.
func (l *loop) completeStage(r *report.Report) {
	c := l.exited
	if c == nil || c.Key.Node != r.ID || c.Key.Num != r.Num || stageOf(l.plan(r.ID), c.Key.Stage).Name != r.Stage {
		return // it never came to a command
	}
	if r.Kind != machine.StagePassed {
		r.Output, c.Spool = c.Spool, nil
	} else if c.Warned != nil {
		r.Warnings, r.Warning = c.Warned.Count()
	}
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
