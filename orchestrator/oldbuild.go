package orchestrator

import (
	"os"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/watchset"
)

// oldBuildLooks is how many watched files are looked at to find one that is newer
// than what serves: a very large tree is not walked twice at the start.
const oldBuildLooks = 20_000

// olderBuild says that what a watcher last let through is older than a file that
// it watches.
type olderBuild struct {
	watcher int
	path    string
}

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
	if len(passed) == 0 {
		return
	}
	set := l.files.set
	l.onDisk.Go(func() {
		for _, found := range newerThan(set, passed) {
			l.post(found)
		}
	})
}

// newerThan finds for each watcher a file that has changed since its triggers were
// touched.
func newerThan(set *watchset.Set, triggers map[int][]string) (list []olderBuild) {
	at := map[int]time.Time{}
	for watcher, paths := range triggers {
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(at[watcher]) {
				at[watcher] = info.ModTime()
			}
		}
	}
	looked := 0
	for path := range set.Files() {
		if looked++; looked > oldBuildLooks || len(at) == 0 {
			return list
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		for _, node := range set.Wakes(path) {
			if passed, open := at[node]; open && info.ModTime().After(passed) {
				list = append(list, olderBuild{node, path})
				delete(at, node)
			}
		}
	}
	return list
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

// tellOlderBuild says so, as long as the watcher has not passed yet.
func (l *loop) tellOlderBuild(o olderBuild) {
	st := l.machine.Status()[o.watcher]
	if st.Num > 1 || st.State == "passed" || st.Gone {
		return
	}
	what := "checking"
	if !st.Busy {
		what = l.name(o.watcher) + " has not passed"
	}
	for _, node := range l.liveBelow(o.watcher) {
		l.screen.Line(l.name(node), console.Plain, "- built from older sources (%s has changed since); %s", l.screen.Paths([]string{o.path}), what)
	}
}
