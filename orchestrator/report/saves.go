package report

import (
	"slices"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// saves says of each node, by name, which save was the last to reach it, and which one broke it.
type saves struct {
	last  map[string]*control.Cycle // no crash is one
	broke map[string]Breakage       // until all that depends on it is live
}

// Breakage is the save with which a node has failed first.
type Breakage struct {
	Cycle int
	Paths []string // absolute, the first few
	More  int      // beside these
}

// note records a report that belongs to a cycle.
func (s *saves) note(r *Report, c *control.Cycle) {
	if c.Cause != string(machine.ByCrash) {
		s.last[r.Node] = c
	}
	switch r.Kind {
	case machine.RunPassed:
		delete(s.broke, r.Node)
	case machine.RunFailed, machine.Crashed, machine.GaveUp, machine.Dropped, machine.Lost, machine.Unready, machine.AwaitsPass, machine.Ended:
		if r.Kind == machine.Ended && r.End.OK() {
			return
		}
		if _, before := s.broke[r.Node]; before {
			return
		}
		b := Breakage{} // nobody's save
		if c.Cause == string(machine.ByChange) {
			b = Breakage{c.ID, slices.Clone(c.Paths), c.MorePaths}
		}
		s.broke[r.Node] = b
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

// Broke is the save that broke a node that has failed; false: none did.
func (l *Log) Broke(node string) (Breakage, bool) {
	b := l.saves.broke[node]
	return b, b.Cycle != 0
}

// Mended says that nodes that may have failed are live again.
func (l *Log) Mended(nodes []string) {
	for _, node := range nodes {
		delete(l.saves.broke, node)
	}
}
