//go:build linux || darwin || freebsd

package orchestrator

import (
	"testing"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// TestNoPageWhileAProcessHoldsTheSocket: not even while one does that has been
// taken out of the configuration, and takes its time to end.
func TestNoPageWhileAProcessHoldsTheSocket(t *testing.T) {
	bound, err := listenfd.Open(listenfd.Spec{Name: "web", Network: listenfd.TCP, Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := &heldSocket{Socket: bound, cfg: &schema.Socket{Name: "web", WhileDown: schema.DownPage}}
	defer func() {
		if err := s.closeFront(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	named := func(name string) *graph.Graph {
		p := &schema.Process{Name: name, Project: &schema.Project{}, Sockets: []schema.SocketRef{{Name: "web"}}}
		return &graph.Graph{Nodes: []graph.Node{{Name: name, Process: p}}}
	}
	l := &loop{cfg: &schema.Config{}, graph: named("new").Rebase(named("old")), journal: journal.New(0), live: map[commandKey]*command{}}
	l.say = &teller{l: l}
	if err := l.openFront(s); err != nil {
		t.Fatal(err)
	}
	failed := []machine.NodeStatus{{Name: "old", Gone: true, Hold: machine.Hold{Node: -1}}, {Name: "new", Failed: true, Hold: machine.Hold{Node: -1}}}
	old := commandKey{0, 1, wholeProcess}
	l.live[old] = &command{key: old, sockets: []*heldSocket{s}}
	l.reviewSocket(s, failed)
	if s.paging {
		t.Error("pages are served on a socket that a process holds")
	}
	delete(l.live, old)
	l.reviewSocket(s, failed)
	if !s.paging {
		t.Error("no pages are served although nobody holds the socket")
	}
}

// TestNewsOfACheckThatRunsAgain: it is checking, and has not failed, whatever came
// of it before.
func TestNewsOfACheckThatRunsAgain(t *testing.T) {
	project := &schema.Project{}
	g := &graph.Graph{Nodes: []graph.Node{{Name: "build", Watcher: &schema.Watcher{Name: "build", Project: project}},
		{Name: "web", Process: &schema.Process{Name: "web", Project: project}}}}
	l := &loop{cfg: &schema.Config{}, graph: g, journal: journal.New(0)}
	l.say = &teller{l: l}
	status := []machine.NodeStatus{{Name: "build", Watcher: true, State: "running", Busy: true, Hold: machine.Hold{Node: -1}},
		{Name: "web", State: "not built", Busy: true, Hold: machine.Hold{Kind: machine.NotBuilt, Node: 0}}}
	if news := l.newsOf(1, status, nil); news.Node != "build" || news.State != "checking" || news.Failed {
		t.Errorf("%+v", news)
	}
}
