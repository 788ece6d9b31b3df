package orchestrator

import (
	"testing"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// TestNewsOfACheckThatRunsAgain: it is checking, and has not failed, whatever came
// of it before.
func TestNewsOfACheckThatRunsAgain(t *testing.T) {
	of := &schema.Project{}
	g := &graph.Graph{Nodes: []graph.Node{{Name: "build", Watcher: &schema.Watcher{Name: "build", Project: of}},
		{Name: "web", Process: &schema.Process{Name: "web", Project: of}}}}
	d := &downPages{project: &project{cfg: &schema.Config{}, graph: g}, journal: journal.New(0)}
	status := []machine.NodeStatus{{Name: "build", Watcher: true, State: "running", Busy: true, Hold: machine.Hold{Node: -1}},
		{Name: "web", State: "not built", Busy: true, Hold: machine.Hold{Kind: machine.NotBuilt, Node: 0}}}
	if news := d.newsOf(1, status, nil); news.Node != "build" || news.State != "checking" || news.Failed {
		t.Errorf("%+v", news)
	}
}
