package graph

import "devloop/schema"

// Rebase numbers a graph so that every node that was in the one before, by its
// name and kind, keeps its number there, new ones come after those, and one
// that is no more stays behind as Gone: without an edge, a pattern or a
// trigger. What runs while a configuration is replaced is known by its number.
func (g *Graph) Rebase(before *Graph) *Graph {
	rebased := &Graph{}
	slot := make([]int, len(g.Nodes))
	for i := range slot {
		slot[i] = -1
	}
	for _, old := range before.Nodes {
		at := -1
		for i, n := range g.Nodes {
			if !old.Gone && n.Name == old.Name && n.Kind() == old.Kind() {
				at = i
			}
		}
		if at >= 0 {
			slot[at] = len(rebased.Nodes)
			rebased.Nodes = append(rebased.Nodes, g.Nodes[at])
			continue
		}
		rebased.Nodes = append(rebased.Nodes, old.leave())
	}
	for i, n := range g.Nodes {
		if slot[i] < 0 {
			slot[i] = len(rebased.Nodes)
			rebased.Nodes = append(rebased.Nodes, n)
		}
	}
	for _, e := range g.Edges {
		e.From, e.To = slot[e.From], slot[e.To]
		rebased.Edges = append(rebased.Edges, e)
	}
	return rebased
}

// leave is what stays of a node that is no more: enough to end it.
func (n Node) leave() Node {
	n.Gone = true
	if n.Watcher != nil {
		w := *n.Watcher
		w.Watch, w.Ignore, w.Triggers, w.DependsOn = nil, nil, nil, nil
		n.Watcher = &w
		return n
	}
	p := *n.Process
	p.Watch, p.Ignore, p.DependsOn = nil, nil, []schema.Dependency(nil)
	n.Process = &p
	return n
}
