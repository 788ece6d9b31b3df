package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// MostKept is how many cycles are kept.
const MostKept = 500

const (
	keptPaths = 10 // of each, so many changed paths
	keptMoves = 20 // and so many runs, and generations
)

// keep keeps a cycle that has ended. A crash loop has one for every try, of which the last is kept.
func (cs *cycles) keep(c *control.Cycle) []byte {
	crashing := ""
	if c.Cause == string(machine.ByCrash) {
		crashing = c.Failed
	}
	switch n := len(cs.kept); {
	case crashing != "" && crashing == cs.crashing:
		cs.kept = cs.kept[:n-1]
	case n == MostKept:
		cs.kept = slices.Delete(cs.kept, 0, 1)
	}
	cs.crashing = crashing
	text := line(c)
	cs.kept = append(cs.kept, text)
	return text
}

// line is a cycle as JSON, without most of what a very large one has.
func line(c *control.Cycle) []byte {
	short := *c
	paths, runs, processes := min(keptPaths, len(c.Paths)), min(keptMoves, len(c.Runs)), min(keptMoves, len(c.Processes))
	short.Paths, short.MorePaths = c.Paths[:paths], c.MorePaths+len(c.Paths)-paths
	short.Runs, short.Processes = c.Runs[:runs], c.Processes[:processes]
	short.More = c.More + len(c.Runs) - runs + len(c.Processes) - processes
	text, err := json.Marshal(short)
	if err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return text
}

// list is the last cycles, and at the end those that go on.
func (cs *cycles) list(last int) [][]byte {
	lines := slices.Clone(cs.kept)
	open := slices.SortedFunc(maps.Values(cs.open), func(a, b *cycle) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range open {
		lines = append(lines, line(&c.Cycle))
	}
	return lines[max(0, len(lines)-last):]
}

// built says from which cycle each node is: what runs of a process, and what passed last of a watcher.
type built struct{ from, next map[string]int }

// note records a report that belongs to a cycle.
func (b *built) note(r *Report, cycle int) {
	switch r.Kind {
	case machine.RunPassed, machine.Reloading:
		b.from[r.Node] = cycle
	case machine.Starting:
		if r.Why == machine.ByCrash && b.from[r.Node] != 0 {
			cycle = b.from[r.Node] // the same once more
		}
		b.next[r.Node] = cycle
		if !r.Beside {
			b.from[r.Node] = cycle
		}
	case machine.Ready, machine.Lost:
		b.from[r.Node] = b.next[r.Node]
	}
}
