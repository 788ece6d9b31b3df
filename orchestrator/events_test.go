//go:build linux || darwin || freebsd

package orchestrator

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// TestSlowReader has a reader that takes nothing: it is told how much it has
// missed, and the loop does not wait for it.
func TestSlowReader(t *testing.T) {
	l, end := inert(t, still, claimed(t))
	defer end()
	r := &reader{queue: make(chan control.Event, 4)}
	must(t, l.ask(context.Background(), func() {
		l.stream.subscribe(r)
		for i := range 10 {
			l.stream.publish(control.Event{Kind: "x", Number: i})
		}
	}))
	var got []string
	take := func(n int) {
		for range n {
			e := <-r.queue
			if e.V != control.EventVersion {
				t.Errorf("version %d", e.V)
			}
			got = append(got, e.Kind)
		}
	}
	take(4)
	must(t, l.ask(context.Background(), func() { l.stream.publish(control.Event{Kind: "y"}) }))
	if e := <-r.queue; e.Kind != "missed" || e.Missed != 7 {
		t.Errorf("after a gap: %+v", e)
	}
	take(1)
	if want := []string{"subscribed", "x", "x", "x", "y"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestByHandAllOrNone: a wrong name, or a verb that does not fit, and nothing
// at all is done.
func TestByHandAllOrNone(t *testing.T) {
	l, end := inert(t, still, claimed(t))
	defer end()
	h := l.handler()
	ask := func(method, target string) (code int, body string) {
		w := exchange(h, httptest.NewRequest(method, target, nil))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		target string
		code   int
		text   string
	}{
		{"/v1/trigger?node=check&node=chekc", http.StatusNotFound, "did you mean check?"},
		{"/v1/trigger?node=check&node=app", http.StatusBadRequest, "devloop restart app"},
		{"/v1/restart?node=app&node=check", http.StatusBadRequest, "devloop trigger check"},
		{"/v1/stop", http.StatusBadRequest, "no node is named"},
		{"/v1/start?node=" + strings.Repeat("x", 5000), http.StatusNotFound, "…"},
		{"/v1/start?" + strings.Repeat("node=app&", mostNamed+1), http.StatusBadRequest, "more than"},
		{"/v1/wait?node=nobody", http.StatusNotFound, "POST /v1/wait"},
	} {
		if code, body := ask(http.MethodPost, c.target); code != c.code || !strings.Contains(body, c.text) || len(body) > 1000 {
			t.Errorf("%.60s: %d %s", c.target, code, body)
		}
	}
	var s control.Status
	_, body := ask(http.MethodGet, "/v1/status")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Nodes {
		if n.Number != 0 {
			t.Errorf("%s has run: %+v", n.Name, n)
		}
	}
	if code, _ := ask(http.MethodGet, "/v1/restart?node=app"); code != http.StatusNotFound {
		t.Errorf("a look restarts: %d", code)
	}
	code, body := ask(http.MethodPost, "/v1/trigger?node=check&node=check")
	var moved []control.Moved
	if err := json.Unmarshal([]byte(body), &moved); code != http.StatusOK || err != nil || len(moved) != 1 || moved[0].Before != "idle" {
		t.Errorf("trigger: %d %s", code, body)
	}
}

// TestCycleTimes follows one save through a watcher and its server.
func TestCycleTimes(t *testing.T) {
	g := &graph.Graph{Nodes: make([]graph.Node, 3), Edges: []graph.Edge{{From: 0, To: 1}}}
	var cs cycles
	at := func(kind machine.ReportKind, node string, num int, stage string, t int64) {
		cs.of(g, 0).note(kind, &control.Event{Kind: string(kind), Node: node, Number: num, Stage: stage, T: t})
	}
	resting := make([]machine.NodeStatus, 3)
	busy := slices.Clone(resting)
	busy[0] = machine.NodeStatus{Busy: true, Hold: machine.Hold{Kind: machine.Settling}}

	cs.begin(g, 1, "change", 10).changed("/a")
	cs.begin(g, 0, "change", 11).changed("/a")
	cs.begin(g, 0, "change", 12).changed("/b")
	other := cs.begin(g, 2, "hand", 13)
	if ended := cs.rested(g, busy, 14); len(ended) != 0 || cs.of(g, 2) != nil {
		t.Errorf("a cycle without runs is told: %v", ended)
	}
	if other.ID == cs.of(g, 0).ID || cs.of(g, 0) != cs.of(g, 1) {
		t.Error("the parts of the graph are mixed up")
	}
	busy[0].Hold = machine.Hold{}
	cs.rested(g, busy, 20)
	at(machine.RunStarted, "check", 7, "", 21)
	at(machine.StageStarted, "check", 7, "lint", 22)
	at(machine.StagePassed, "check", 7, "lint", 30)
	at(machine.StageSkipped, "check", 7, "docs", 30)
	at(machine.RunPassed, "check", 7, "", 31)
	cs.of(g, 0).touched("check", 7, 32)
	at(machine.Stopping, "server", 3, "", 33)
	at(machine.Stopped, "server", 3, "", 40)
	at(machine.Starting, "server", 4, "", 41)
	at(machine.Ready, "server", 4, "", 50)
	ended := cs.rested(g, resting, 51)
	if len(ended) != 1 || cs.of(g, 0) != nil {
		t.Fatalf("ended: %v", ended)
	}
	got, _ := json.Marshal(ended[0])
	want := `{"id":1,"cause":"change","first":10,"settled":20,"end":51,"paths":["/a","/b"],` +
		`"runs":[{"node":"check","number":7,"start":21,"end":31,"result":"passed","trigger":32,"stages":[` +
		`{"stage":"lint","start":22,"end":30,"result":"passed"},{"stage":"docs","start":0,"end":0,"result":"skipped"}]}],` +
		`"processes":[{"node":"server","number":4,"stop":33,"stopped":40,"start":41,"ready":50,"result":"ready"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestCycleStartFirst: the new generation comes before the old one goes, and
// both are one change of generations.
func TestCycleStartFirst(t *testing.T) {
	g := &graph.Graph{Nodes: make([]graph.Node, 1)}
	var cs cycles
	c := cs.begin(g, 0, "change", 1)
	for i, step := range []struct {
		kind machine.ReportKind
		num  int
	}{{machine.Starting, 5}, {machine.Ready, 5}, {machine.Stopping, 4}, {machine.Stopped, 4}, {machine.Starting, 6}, {machine.Dropped, 6}} {
		c.note(step.kind, &control.Event{Kind: string(step.kind), Node: "s", Number: step.num, T: int64(10 + i)})
	}
	want := []control.CycleProcess{
		{Node: "s", Number: 5, Start: 10, Ready: 11, Stop: 12, Stopped: 13, Result: "ready"},
		{Node: "s", Number: 6, Start: 14, Result: "dropped"},
	}
	if !slices.Equal(c.Processes, want) {
		t.Errorf("got  %+v\nwant %+v", c.Processes, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
