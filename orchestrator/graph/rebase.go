package graph

import "devloop/schema"

// Rebase numbers a graph so that every node that was in the one before, by its
// name and kind, keeps its number there, new ones come after those, and one
// that is no more stays behind as Gone: without an edge, a pattern or a
// trigger. What runs while a configuration is replaced is known by its number.
// One that comes back takes its old number, so that there are never more than
// names.
func (g *Graph) Rebase(before *Graph) *Graph {
	rebased := &Graph{}
	slot := make([]int, len(g.Nodes))
	for i := range slot {
		slot[i] = -1
	}
	for _, old := range before.Nodes {
		at := -1
		for i, n := range g.Nodes {
			if n.Name == old.Name && n.Kind() == old.Kind() {
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

// leave is what stays of a node that is no more: enough to end it, and nothing
// that keeps the rest of its configuration in memory.
func (n Node) leave() Node {
	n.Gone = true
	if w := n.Watcher; w != nil {
		n.Watcher = &schema.Watcher{Name: w.Name, Short: w.Short, Project: tombstone(w.Project)}
		return n
	}
	p := n.Process
	left := &schema.Process{Name: p.Name, Short: p.Short, Project: tombstone(p.Project), Stop: p.Stop}
	if p.Stop.Command != nil { // which runs where the process does, with what that has
		left.Dir, left.Env = p.Dir, p.Env
		left.Project.Vars, left.Project.Env = p.Project.Vars, p.Project.Env
	}
	n.Process = left
	return n
}

func tombstone(p *schema.Project) *schema.Project {
	return &schema.Project{Prefix: p.Prefix, Name: p.Name, File: p.File, Dir: p.Dir}
}
