package report

import (
	"cmp"
	"maps"
	"slices"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// saves says of each node, by name, which save was the last to reach it, and with which one a stage of it, or a process,
// began to fail.
type saves struct {
	last  map[string]*control.Cycle // no crash is one
	broke map[at]control.Broke      // until it is well again
	past  map[at]control.Broke      // what failed at the end of the loop before, until it is known to be well
}

// at is a stage of a node; "": the node itself.
type at struct{ node, stage string }

func newSaves() saves {
	return saves{map[string]*control.Cycle{}, map[at]control.Broke{}, map[at]control.Broke{}}
}

// note records a report that belongs to a cycle.
func (s *saves) note(r *Report, c *control.Cycle) {
	if c.Cause != string(machine.ByCrash) {
		s.last[r.Node] = c
	}
	switch r.Kind {
	case machine.StageStarted:
		s.mended(at{node: r.Node}) // what kept the run from its stages
	case machine.StagePassed, machine.StageReused:
		s.mended(at{r.Node, r.Stage})
	case machine.RunPassed:
		s.forget(r.Node)
	case machine.StageFailed, machine.StageTimedOut:
		s.fails(at{r.Node, r.Stage}, c)
	case machine.RunFailed:
		if len(s.of(r.Node)) == 0 { // no stage has
			s.fails(at{node: r.Node}, c)
		}
	case machine.Crashed, machine.GaveUp, machine.Dropped, machine.Lost, machine.Unready, machine.AwaitsPass, machine.Ended:
		if r.Kind == machine.Ended && r.End.OK() {
			s.forget(r.Node)
			return
		}
		s.fails(at{node: r.Node}, c)
	}
}

// fails notes that something fails, if it did not before.
func (s *saves) fails(what at, c *control.Cycle) {
	if _, before := s.broke[what]; before {
		return
	}
	b, before := s.past[what]
	if c.Cause == string(machine.ByChange) {
		b = control.Broke{Cycle: c.ID, Boot: c.Boot, Paths: slices.Clone(c.Paths), More: c.MorePaths, Since: c.Time}
	} else if !before {
		b = control.Broke{Paths: []string{}, Since: c.Time} // nobody's save
	}
	b.Node, b.Stage = what.node, what.stage
	s.broke[what] = b
}

func (s *saves) mended(what at) {
	delete(s.broke, what)
	delete(s.past, what)
}

// forget says that nothing of a node fails any more.
func (s *saves) forget(node string) {
	of := func(what at, _ control.Broke) bool { return what.node == node }
	maps.DeleteFunc(s.broke, of)
	maps.DeleteFunc(s.past, of)
}

// proven forgets the processes that are up, or are to be down.
func (s *saves) proven(nodes []machine.NodeStatus) {
	for i := range nodes {
		n := &nodes[i]
		if !n.Watcher && !n.Busy && !n.Failed && (n.State == "ready" && n.UpAt.IsZero() && n.Dropped == nil || n.State == "stopped") {
			s.forget(n.Name)
		}
	}
}

// of is with which saves the stages of a node, or a process, began to fail, the first of them first.
func (s *saves) of(node string) (all []control.Broke) {
	for what, b := range s.broke {
		if what.node == node {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b control.Broke) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Stage, b.Stage)) })
	return all
}

// read takes in a cycle of a loop before.
func (s *saves) read(c *control.Cycle) {
	result := func(what at, result string) {
		switch result {
		case "passed", "reused", "ready", "reloaded", "ended":
			s.mended(what)
		case "failed", "timed out", "crashed", "gave up", "not ready", "dropped":
			s.fails(what, c)
		}
	}
	for _, run := range c.Runs {
		for _, stage := range run.Stages {
			result(at{run.Node, stage.Stage}, stage.Result)
		}
		if run.Result == "passed" {
			s.forget(run.Node)
		}
	}
	for _, p := range c.Processes {
		result(at{node: p.Node}, p.Result)
	}
}

// recall takes what a loop before has left. What has passed or is ready since is well.
func (s *saves) recall(before map[at]control.Broke, built map[string]int) {
	for what, b := range before {
		if now, failed := s.broke[what]; failed && now.Cycle == 0 {
			s.broke[what] = b
		} else if !failed && built[what.node] == 0 {
			s.past[what] = b
		}
	}
}

// Boot names this loop among all.
func (l *Log) Boot() string { return l.boot }

// BuiltFrom is the cycle that what runs of a process was made from; 0: none.
func (l *Log) BuiltFrom(node string) int { return l.built.from[node] }

// Newest is the last cycle that any of the nodes had a part in, apart from crashes; nil: none had.
func (l *Log) Newest(nodes []string) (newest *control.Cycle) {
	for _, node := range nodes {
		if c := l.saves.last[node]; c != nil && (newest == nil || c.ID > newest.ID) {
			newest = c
		}
	}
	return newest
}

// Broke is with which saves the stages of a node, or a process, began to fail that fail now, the first of them first.
func (l *Log) Broke(node string) []control.Broke { return l.saves.of(node) }

// Mended says that nodes that may have failed are live again.
func (l *Log) Mended(nodes []string) {
	for _, node := range nodes {
		l.saves.forget(node)
	}
}
