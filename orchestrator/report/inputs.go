package report

import (
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// inputs know which watchers would see in a run what they saw in the last one.
type inputs struct{ same map[string]bool }

// changes says that a file of a node has changed.
func (in *inputs) changes(node string) { delete(in.same, node) }

// touched says that a watcher has passed: what reads its trigger may see something else.
func (in *inputs) touched(node string, g *graph.Graph) {
	for _, e := range g.Edges {
		if e.Kind == graph.ByTrigger && g.Nodes[e.From].Name == node {
			in.changes(g.Nodes[e.To].Name)
		}
	}
}

// begins tells whether a run that begins has the files of the one before: then somebody has asked for it.
func (in *inputs) begins(r *Report) (same bool) {
	if r.Kind != machine.RunStarted {
		return false
	}
	same = in.same[r.Node] && r.Why == machine.ByHand
	in.same[r.Node] = true
	return same
}
