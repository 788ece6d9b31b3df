package orchestrator

import (
	"slices"

	"devloop/orchestrator/graph"
	"devloop/schema"
)

// Select is the project reduced to some of its nodes and everything that they wait for. A process that starts
// only by hand does start if it is named.
func Select(cfg *schema.Config, g *graph.Graph, nodes []int) (*schema.Config, *graph.Graph) {
	part, reduced := reduce(cfg, g, g.Closure(nodes...))
	for _, n := range nodes {
		if p := part.Process(g.Nodes[n].Name); p != nil {
			p.Start = true
		}
	}
	return part, reduced
}

// SelectOnce is the project reduced to what a single run needs: the given watchers (none: all) and everything
// that they wait for, without watchers that do not run at start, unless they are given.
func SelectOnce(cfg *schema.Config, g *graph.Graph, nodes []int) (*schema.Config, *graph.Graph) {
	given := slices.Clone(nodes)
	if len(nodes) == 0 {
		for i, n := range g.Nodes {
			if n.Watcher != nil {
				nodes = append(nodes, i)
			}
		}
	}
	return reduce(cfg, g, slices.DeleteFunc(g.Closure(nodes...), func(i int) bool {
		w := g.Nodes[i].Watcher
		return w != nil && !w.OnStart && !slices.Contains(given, i)
	}))
}

// reduce keeps the given nodes. Sockets that none of them uses are not bound.
func reduce(cfg *schema.Config, g *graph.Graph, nodes []int) (*schema.Config, *graph.Graph) {
	keep := map[string]bool{}
	used := map[string]bool{}
	for _, n := range nodes {
		keep[g.Nodes[n].Name] = true
		if p := g.Nodes[n].Process; p != nil {
			for _, ref := range p.Sockets {
				used[ref.Name] = true
			}
		}
	}
	part := *cfg
	part.Watchers = slices.DeleteFunc(slices.Clone(cfg.Watchers), func(w schema.Watcher) bool { return !keep[w.Name] })
	part.Processes = slices.DeleteFunc(slices.Clone(cfg.Processes), func(p schema.Process) bool { return !keep[p.Name] })
	part.Sockets = slices.DeleteFunc(slices.Clone(cfg.Sockets), func(s schema.Socket) bool { return !used[s.Name] })
	reduced, _ := graph.New(&part) // part of a graph without cycles has none
	return &part, reduced
}
