package orchestrator

import (
	"testing"
	"time"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// TestNoReloadInAShutDown: what ends goes by the graph that it was started with.
func TestNoReloadInAShutDown(t *testing.T) {
	m := machine.New(machine.Config{Jobs: 1, Nodes: []machine.Node{{Name: "web", Process: &machine.Process{Start: true}}}})
	now := time.Now()
	m.Step(now, machine.Start{})
	m.Step(now, machine.Shutdown{})
	if !m.Ending() {
		t.Fatal("it is not ending")
	}
	l := &loop{machine: m, sources: &sources{due: now}}
	l.opt.Reload = func() (*schema.Config, *graph.Graph, []string, error) {
		t.Error("the configuration is read")
		return nil, nil, nil, nil
	}
	l.reloadConfig()
	if !l.sources.due.IsZero() {
		t.Error("it is due for ever")
	}
}
