package orchestrator

import (
	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// reporter takes the machine's reports, which have numbers of nodes, and passes them on complete: with names,
// and with what the loop knows besides.
type reporter struct {
	*project
	status  func() []machine.NodeStatus
	runner  *runner.Runner
	sockets *sockets.Set
	screen  *report.Screen
	log     *report.Log
	history *report.History
	journal *journal.Journal
	cycles  cycleFile
	tally   *report.Tally // of a loop that runs once; else nil

	exited *runner.Command // the stage whose end the machine is being told
	noted  map[string]bool // notes about watching that have been shown
}

// report passes on a report of the machine.
func (r *reporter) report(a machine.Report) {
	if a.Kind == machine.RunStarted {
		r.begins(a.ID)
	}
	full := r.complete(a)
	r.history.Report(full)
	r.log.Report(full)
	r.screen.Report(full)
	if r.tally != nil {
		r.tally.Report(full)
	}
}

// touched reports that the triggers of a run are about to be touched.
func (r *reporter) touched(node string, run int) {
	r.log.Touched(node, run)
	if r.tally != nil {
		r.tally.Touched(node, run)
	}
}

// ran tells what a loop that runs once has come to: people, and who else wants to know.
func (r *reporter) ran(code int, to chan<- control.Ran) {
	if r.tally == nil {
		return
	}
	if text := r.tally.Saved(); text != "" {
		r.screen.Note(text)
	}
	if to == nil {
		return
	}
	for i, n := range r.graph.Nodes {
		r.tally.Complains(r.history.Diagnostics(n.Name, r.allStages(i)))
	}
	select {
	case to <- r.tally.Ran(r.cfg.File, code):
	default:
	}
}

// announce reports what the machine is about to be told.
func (r *reporter) announce(ev machine.Event) {
	switch ev := ev.(type) {
	case machine.Start:
		for _, n := range r.graph.Nodes {
			r.log.Began(n.Name)
		}
	case machine.FilesChanged:
		for _, c := range ev.Changes {
			for _, node := range c.Nodes {
				r.log.Changed(r.name(node), c.Path)
			}
		}
	case machine.Shutdown:
		r.log.Ending()
	case machine.Command:
		for _, node := range ev.Nodes {
			r.history.Asked(r.name(node), ev.Verb)
			r.log.Asked(r.name(node))
		}
	}
}

// complete adds what the loop knows to a report of the machine.
func (r *reporter) complete(a machine.Report) report.Report {
	full := report.Report{Report: a, Asked: r.history.LastAsked(a.Node)}
	switch a.Kind {
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut, machine.StageReused:
		r.completeStage(&full)
	case machine.Ready:
		full.URLs = r.urls(r.graph.Nodes[a.ID].Process)
	case machine.Unready, machine.Dropped:
		full.LastCheck = r.runner.Process(a.ID, a.Num).LastCheck()
	case machine.StillWaiting:
		if pids := r.runner.PIDs(a.ID); len(pids) > 0 {
			full.PID = pids[0]
		}
	case machine.Blocked, machine.NotRun:
		full.Became = r.snapshot(r.status()).Became(r.graph.Index(a.By))
	}
	return full
}

// complains takes in what a generation of a process that has failed complains of.
func (r *reporter) complains(node string, generation int, problems []report.Problem, tail []string) {
	if !r.history.Complains(node, generation, problems, tail) {
		return
	}
	r.screen.Place(node, generation, problems)
	r.log.Complains(node, generation)
}

// completeStage adds the output of a stage that has ended. Whoever gets the report of a failure takes over
// the output.
func (r *reporter) completeStage(full *report.Report) {
	c := r.exited
	if c == nil || c.Key.Node != full.ID || c.Key.Num != full.Num || stageOf(r.plan(full.ID), c.Key.Stage).Name != full.Stage {
		return // there was no command
	}
	failed := full.Kind != machine.StagePassed && full.Kind != machine.StageReused
	full.Problems, full.More, full.Tail = c.Diagnostics.Result(failed)
	if failed {
		full.Output, c.Spool = c.Spool, nil
	} else {
		full.Warnings, full.Warning = c.Diagnostics.Warnings()
	}
}

// snapshot is the state of the nodes with what is needed to describe it.
func (r *reporter) snapshot(nodes []machine.NodeStatus) report.Snapshot {
	return report.Snapshot{Nodes: nodes, Live: r.log.Live(), PIDs: r.runner.PIDs, Remote: r.runner.Remote, Usual: r.history.Usual,
		LastCheck: func(node, generation int) string { return r.runner.Process(node, generation).LastCheck() },
		Says:      func(node, generation int) string { return r.runner.Process(node, generation).SelfReport() }}
}

// verdict is that on a node that has failed.
func (r *reporter) verdict(node int) control.Verdict {
	return r.snapshot(r.status()).Verdict(node, r.history)
}

// stands reports whether what was saved is live, as a wait that is asked now would; broken is why the configuration, as
// it is written, cannot become the current one.
func (r *reporter) stands(m *machine.Machine, status func() []machine.NodeStatus, broken error) {
	state, nodes := m.Live()
	var names []string
	for _, n := range nodes {
		names = append(names, r.name(n))
	}
	why := func() string { return r.verdict(nodes[0]).Why }
	if broken != nil {
		state, names = machine.Failed, nil
		why = func() string { return brokenConfig(broken) }
	}
	r.log.Stands(state, names, status, why)
}

// recall takes in what loops before have kept.
func (r *reporter) recall(p *report.Past) {
	r.history.Recall(p)
	r.log.Recall(p)
}

// urls lists the addresses of a process's http sockets.
func (r *reporter) urls(p *schema.Process) (urls []string) {
	for _, ref := range p.Sockets {
		if s := r.sockets.Named(ref.Name); s != nil && s.URL() != "" {
			urls = append(urls, s.URL())
		}
	}
	return urls
}

// forgetPast clears what is known of a node.
func (r *reporter) forgetPast(name string) {
	r.history.Forget(name)
	r.screen.Forget(name)
}

// liveBelow are the processes downstream of a node that run.
func (r *reporter) liveBelow(node int) (list []int) {
	seen := map[int]bool{node: true}
	var visit func(int)
	visit = func(n int) {
		for _, d := range r.graph.Downstream(n) {
			if seen[d] {
				continue
			}
			seen[d] = true
			if r.runner.RunsProcess(d) {
				list = append(list, d)
			}
			visit(d)
		}
	}
	visit(node)
	return list
}

// triggersServed are the triggers of the watchers that running processes depend on, by watcher: their times
// tell when it last passed.
func (r *reporter) triggersServed() map[int][]string {
	passed := map[int][]string{}
	for i, n := range r.graph.Nodes {
		if n.Watcher == nil || n.Gone || len(n.Watcher.Stages) == 0 || len(r.liveBelow(i)) == 0 {
			continue
		}
		for _, t := range n.Watcher.Triggers {
			passed[i] = append(passed[i], t.Abs)
		}
	}
	return passed
}

// olderBuild warns that the last build of a watcher is older than a file that it watches, as long as it has
// not passed yet.
func (r *reporter) olderBuild(newer filewatch.Newer) {
	st := r.status()[newer.Watcher]
	if st.Num > 1 || st.State == "passed" || st.Gone {
		return
	}
	what := "checking"
	if !st.Busy {
		what = r.name(newer.Watcher) + " has not passed"
	}
	for _, node := range r.liveBelow(newer.Watcher) {
		r.screen.Line(r.name(node), console.Plain, "- built from older sources (%s has changed since); %s", r.screen.Paths([]string{newer.Path}), what)
	}
}

// note shows each note about watching once: the configuration's files meet the same limits as the tree.
func (r *reporter) note(notes ...string) {
	for _, note := range notes {
		if !r.noted[note] {
			r.noted[note] = true
			r.screen.Notice(note)
		}
	}
}
