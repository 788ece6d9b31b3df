package report

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// TestSlowReader has a reader that takes nothing: it is told how much it has
// missed, and nobody waits for it.
func TestSlowReader(t *testing.T) {
	l := NewLog(&graph.Graph{}, nil)
	r := &Reader{queue: make(chan control.Event, 4)}
	l.Subscribe(r, "", false, nil)
	for i := range 10 {
		l.publish(control.Event{Kind: "x", Number: i})
	}
	var got []string
	take := func(n int) {
		for range n {
			e := <-r.Events()
			if e.V != control.EventVersion {
				t.Errorf("version %d", e.V)
			}
			got = append(got, e.Kind)
		}
	}
	take(4)
	l.publish(control.Event{Kind: "y"})
	if e := <-r.Events(); e.Kind != "missed" || e.Missed != 7 {
		t.Errorf("after a gap: %+v", e)
	}
	take(1)
	if want := []string{"subscribed", "x", "x", "x", "y"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCycleTimes follows one save through a watcher and its server.
func TestCycleTimes(t *testing.T) {
	var cs cycles
	cs.follow(&graph.Graph{Nodes: []graph.Node{{Name: "check"}, {Name: "server"}, {Name: "other"}}, Edges: []graph.Edge{{From: 0, To: 1}}})
	at := func(kind machine.ReportKind, node string, num int, stage string, t int64) {
		e := control.Event{Kind: string(kind), Node: node, Number: num, Stage: stage, T: t}
		r := Report{Report: machine.Report{Kind: kind}, More: 2}
		if kind == machine.StageReused {
			e.Reuse, r.More = &control.Reuse{Saved: 41 * time.Second, From: "cache.example.com"}, 0
		}
		cs.of("check").note(&r, &e)
	}
	resting := []machine.NodeStatus{{Name: "check"}, {Name: "server"}, {Name: "other"}}
	busy := slices.Clone(resting)
	busy[0] = machine.NodeStatus{Name: "check", Busy: true, Hold: machine.Hold{Kind: machine.Settling}}

	cs.begin("server", "change", 10).changed("/a")
	cs.begin("check", "change", 11).changed("/a")
	cs.begin("check", "change", 12).changed("/b")
	other := cs.begin("other", "hand", 13)
	if ended := cs.rested(busy, 14); len(ended) != 0 || cs.of("other") != nil {
		t.Errorf("a cycle without runs is told: %v", ended)
	}
	if other.ID == cs.of("check").ID || cs.of("check") != cs.of("server") {
		t.Error("the parts of the graph are mixed up")
	}
	busy[0].Hold = machine.Hold{}
	cs.rested(busy, 20)
	at(machine.RunStarted, "check", 7, "", 21)
	at(machine.StageStarted, "check", 7, "lint", 22)
	at(machine.StagePassed, "check", 7, "lint", 30)
	at(machine.StageSkipped, "check", 7, "docs", 30)
	at(machine.StageStarted, "check", 7, "test", 30)
	at(machine.StageReused, "check", 7, "test", 31)
	at(machine.RunPassed, "check", 7, "", 31)
	cs.of("check").touched("check", 7, 32)
	at(machine.Stopping, "server", 3, "", 33)
	at(machine.Stopped, "server", 3, "", 40)
	at(machine.Starting, "server", 4, "", 41)
	at(machine.Ready, "server", 4, "", 50)
	ended := cs.rested(resting, 51)
	if len(ended) != 1 || cs.of("check") != nil {
		t.Fatalf("ended: %v", ended)
	}
	got, _ := json.Marshal(ended[0])
	want := `{"id":1,"cause":"change","first":10,"settled":20,"end":51,"result":"passed","time":"0001-01-01T00:00:00Z","boot":"","paths":["/a","/b"],` +
		`"runs":[{"node":"check","number":7,"start":21,"end":31,"result":"passed","trigger":32,"stages":[` +
		`{"stage":"lint","start":22,"end":30,"result":"passed","problems":2},{"stage":"docs","start":0,"end":0,"result":"skipped"},` +
		`{"stage":"test","start":30,"end":31,"result":"reused","reuse":{"saved":41000000000,"from":"cache.example.com"}}]}],` +
		`"processes":[{"node":"server","number":4,"stop":33,"stopped":40,"start":41,"ready":50,"result":"ready"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestCycleStartFirst: the new generation comes before the old one goes, and
// both are one change of generations.
func TestCycleStartFirst(t *testing.T) {
	var cs cycles
	cs.follow(&graph.Graph{Nodes: []graph.Node{{Name: "s"}}})
	c := cs.begin("s", "change", 1)
	for i, step := range []struct {
		kind machine.ReportKind
		num  int
	}{{machine.Starting, 5}, {machine.Ready, 5}, {machine.Stopping, 4}, {machine.Stopped, 4}, {machine.Starting, 6}, {machine.Dropped, 6}} {
		c.note(&Report{Report: machine.Report{Kind: step.kind}}, &control.Event{Kind: string(step.kind), Node: "s", Number: step.num, T: int64(10 + i)})
	}
	want := []control.CycleProcess{
		{Node: "s", Number: 5, Start: 10, Ready: 11, Stop: 12, Stopped: 13, Result: "ready"},
		{Node: "s", Number: 6, Start: 14, Result: "dropped"},
	}
	if !slices.Equal(c.Processes, want) {
		t.Errorf("got  %+v\nwant %+v", c.Processes, want)
	}
}
