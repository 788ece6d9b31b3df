package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

func ids(t *testing.T, lines [][]byte) (all []int) {
	t.Helper()
	for _, line := range lines {
		var c control.Cycle
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c.ID)
	}
	return all
}

// TestKept: so many cycles are kept and no more, a very large one is cut, and of a crash loop one is left.
func TestKept(t *testing.T) {
	var cs cycles
	for id := range MostKept + 7 {
		cs.keep(&control.Cycle{ID: id, Cause: "change"})
	}
	all := ids(t, cs.list(MostKept+100))
	if len(all) != MostKept || all[0] != 7 {
		t.Errorf("%d are kept, from %d on", len(all), all[0])
	}
	for id := 1000; id < 1010; id++ {
		cs.keep(&control.Cycle{ID: id, Cause: "crash", Failed: "server"})
	}
	cs.keep(&control.Cycle{ID: 1010, Cause: "crash", Failed: "worker"})
	cs.keep(&control.Cycle{ID: 1011, Cause: "crash"})
	cs.keep(&control.Cycle{ID: 1012, Cause: "crash"})
	if all := ids(t, cs.list(5)); !slices.Equal(all, []int{MostKept + 6, 1009, 1010, 1011, 1012}) {
		t.Errorf("at the end are %v", all)
	}
	large := control.Cycle{ID: 1, Paths: make([]string, 100), Runs: make([]control.CycleRun, 200), Processes: make([]control.CycleProcess, 30), More: 5}
	var cut control.Cycle
	if err := json.Unmarshal(cs.keep(&large), &cut); err != nil || len(cut.Paths) != keptPaths || cut.MorePaths != 100-keptPaths || cut.More != 5+230-2*keptMoves {
		t.Errorf("%v: %+v", err, cut)
	}
}

// TestKeepsGoing: an open cycle goes on when the configuration is replaced, as long as one of its nodes is there.
func TestKeepsGoing(t *testing.T) {
	nodes := func(names ...string) *graph.Graph {
		g := &graph.Graph{}
		for _, name := range names {
			g.Nodes = append(g.Nodes, graph.Node{Name: name})
		}
		return g
	}
	var cs cycles
	cs.follow(nodes("a", "b", "c"))
	a, b := cs.begin("a", "change", 1), cs.begin("b", "change", 2)
	cs.begin("c", "change", 3)
	cs.follow(nodes("x", "b", "a"))
	if cs.of("a") != a || cs.of("b") != b || cs.of("x") != nil || len(cs.open) != 2 {
		t.Errorf("%v", cs.open)
	}
	joined := nodes("b", "a")
	joined.Edges = []graph.Edge{{From: 0, To: 1}}
	cs.follow(joined)
	if cs.of("a") != a || len(cs.open) != 1 {
		t.Errorf("connected: %v", cs.open)
	}
}

// TestUsual: the median of the last five passes, from the third on, with those of loops before.
func TestUsual(t *testing.T) {
	h := NewHistory()
	report := func(kind machine.ReportKind, node, stage string, took time.Duration) {
		h.Report(Report{Report: machine.Report{Kind: kind, Node: node, Stage: stage, Took: took}})
	}
	usual := func(node, stage string, want time.Duration) {
		t.Helper()
		if got := h.Usual(node, stage); got != want {
			t.Errorf("%s %s usually takes %v, want %v", node, stage, got, want)
		}
	}
	report(machine.StagePassed, "check", "test", 9)
	report(machine.StageFailed, "check", "test", 1)
	report(machine.StagePassed, "check", "test", 5)
	report(machine.StageTimedOut, "check", "test", 1)
	report(machine.StageReused, "check", "test", 1)
	usual("check", "test", 0)
	report(machine.StagePassed, "check", "test", 7)
	usual("check", "test", 7)
	usual("check", "", 0)
	for _, took := range []time.Duration{1, 2, 3} {
		report(machine.StagePassed, "check", "test", took)
	}
	usual("check", "test", 3) // of 5 7 1 2 3
	for _, took := range []time.Duration{30, 20, 40} {
		report(machine.Ready, "server", "", took)
	}
	usual("server", "", 30)

	var lines [][]byte
	for i := range 9 {
		lines = append(lines, line(&control.Cycle{ID: i + 1, Boot: "before", Runs: []control.CycleRun{{Node: "check", Stages: []control.CycleStage{
			{Stage: "test", Start: 10, End: 10 + int64(i), Result: "passed"}, {Stage: "lint", Start: 1, End: 101, Result: []string{"failed", "passed", "reused"}[i%3]},
		}}}, Processes: []control.CycleProcess{{Node: "server", Start: 1, Ready: 3, Result: "ready"}, {Node: "worker", Start: 1, Ready: 9, Result: "crashed"}}}))
	}
	past := ReadPast(append(lines, []byte("{}"), []byte("[1]"), []byte(`{"id":`)))
	if len(past.cycles) != 9 {
		t.Errorf("%d cycles are read", len(past.cycles))
	}
	h.Recall(past)
	usual("check", "test", 3) // there are five since
	usual("check", "lint", 100)
	usual("server", "", 20) // of 2 2 30 20 40
	usual("worker", "", 0)
	h.ForgetUsual("check")
	usual("check", "test", 0)

	l := NewLog(&graph.Graph{}, nil)
	l.cycles.keep(&control.Cycle{ID: 1, Boot: l.boot})
	l.Recall(past)
	if _, all := l.Cycles(3); fmt.Sprint(ids(t, all)) != "[8 9 1]" {
		t.Errorf("the last cycles are %v", ids(t, all))
	}
}

// TestBuiltFrom says which save a server was built from.
func TestBuiltFrom(t *testing.T) {
	b := built{map[string]int{}, map[string]int{}}
	note := func(cycle int, r machine.Report) { b.note(&Report{Report: r}, cycle) }
	is := func(node string, want int) {
		t.Helper()
		if b.from[node] != want {
			t.Errorf("%s is built from %d, not %d", node, b.from[node], want)
		}
	}
	note(1, machine.Report{Kind: machine.RunPassed, Node: "check"})
	note(1, machine.Report{Kind: machine.Starting, Node: "server"})
	is("server", 1)
	note(2, machine.Report{Kind: machine.RunFailed, Node: "check"})
	is("check", 1)
	note(3, machine.Report{Kind: machine.Starting, Node: "server", Why: machine.ByCrash})
	is("server", 1)
	note(4, machine.Report{Kind: machine.Starting, Node: "server", Why: machine.ByTrigger, Beside: true})
	is("server", 1) // the old one still answers
	note(4, machine.Report{Kind: machine.Dropped, Node: "server"})
	is("server", 1)
	note(5, machine.Report{Kind: machine.Starting, Node: "server", Why: machine.ByTrigger, Beside: true})
	note(5, machine.Report{Kind: machine.Ready, Node: "server"})
	is("server", 5)
	note(6, machine.Report{Kind: machine.Reloading, Node: "server"})
	is("server", 6)
}
