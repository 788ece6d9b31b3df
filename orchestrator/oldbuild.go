package orchestrator

import (
	"devloop/orchestrator/console"
	"devloop/orchestrator/filewatch"
)

// lookForOlderBuild finds out whether the processes that have just started serve
// something that was built before the last change of its sources. A watcher's
// triggers tell when it last passed.
func (l *loop) lookForOlderBuild() {
	passed := map[int][]string{} // triggers
	for i, n := range l.graph.Nodes {
		if n.Watcher == nil || n.Gone || len(l.liveBelow(i)) == 0 {
			continue
		}
		for _, t := range n.Watcher.Triggers {
			passed[i] = append(passed[i], t.Abs)
		}
	}
	if len(passed) > 0 {
		l.files.NewerThan(passed, l.olderBuild)
	}
}

// liveBelow are the processes downstream of a node that run.
func (l *loop) liveBelow(node int) (list []int) {
	seen := map[int]bool{node: true}
	var visit func(int)
	visit = func(n int) {
		for _, d := range l.graph.Downstream(n) {
			if seen[d] {
				continue
			}
			seen[d] = true
			if l.runner.RunsProcess(d) {
				list = append(list, d)
			}
			visit(d)
		}
	}
	visit(node)
	return list
}

// olderBuild says that what a watcher last let through is older than a file that it
// watches, as long as it has not passed yet.
func (l *loop) olderBuild(newer filewatch.Newer) {
	st := l.machine.Status()[newer.Watcher]
	if st.Num > 1 || st.State == "passed" || st.Gone {
		return
	}
	what := "checking"
	if !st.Busy {
		what = l.name(newer.Watcher) + " has not passed"
	}
	for _, node := range l.liveBelow(newer.Watcher) {
		l.screen.Line(l.name(node), console.Plain, "- built from older sources (%s has changed since); %s", l.screen.Paths([]string{newer.Path}), what)
	}
}
