package report

import (
	"testing"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// TestSameInputs: a run by hand has the files of the run before, unless one has changed since, or a watcher upstream has passed.
func TestSameInputs(t *testing.T) {
	g := &graph.Graph{Nodes: []graph.Node{{Name: "gen"}, {Name: "check"}}, Edges: []graph.Edge{{From: 0, To: 1, Kind: graph.ByTrigger}}}
	l := NewLog(g, func([]byte) {})
	num := 0
	run := func(why machine.Why) bool {
		num++
		l.Report(Report{Report: machine.Report{Kind: machine.RunStarted, Node: "check", Num: num, Why: why}})
		return l.cycles.of("check").run("check", num).SameInputs
	}
	for i, step := range []struct {
		before func()
		why    machine.Why
		same   bool
	}{
		{func() {}, machine.ByHand, false}, // the first
		{func() {}, machine.ByHand, true},
		{func() {}, machine.ByConfig, false},
		{func() {}, machine.ByHand, true},
		{func() { l.Changed("check", "/a") }, machine.ByHand, false},
		{func() { l.Changed("gen", "/a") }, machine.ByHand, true},
		{func() { l.Touched("gen", 1) }, machine.ByHand, false},
		{func() {}, machine.ByHand, true},
	} {
		step.before()
		if same := run(step.why); same != step.same {
			t.Errorf("run %d: %v", i+1, same)
		}
	}
}
