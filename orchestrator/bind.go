package orchestrator

import (
	"devloop/orchestrator/graph"
	"devloop/schema"
)

// socketsOf are the sockets of a configuration that a loop needs.
func socketsOf(cfg *schema.Config, g *graph.Graph, once bool) (list []*schema.Socket) {
	for i := range cfg.Sockets {
		if s := &cfg.Sockets[i]; !once || usedOnce(g, s.Name) {
			list = append(list, s)
		}
	}
	return list
}

// usedOnce tells whether a single run may start a process with the socket. A single run starts only what a
// watcher depends on; other sockets are not bound, as a running loop may hold them.
func usedOnce(g *graph.Graph, socket string) bool {
	for i, n := range g.Nodes {
		if n.Watcher == nil {
			continue
		}
		for _, e := range g.Edges {
			if e.To != i || e.Condition == "" {
				continue
			}
			for _, up := range g.Closure(e.From) {
				if p := g.Nodes[up].Process; p != nil && hasSocket(p, socket) {
					return true
				}
			}
		}
	}
	return false
}
