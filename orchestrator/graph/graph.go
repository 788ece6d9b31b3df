// Package graph derives the dependency graph of a project from its
// configuration: who waits for whom, and why. It decides order and nothing
// else: it never starts, watches or prints anything.
package graph

import (
	"slices"

	"devloop/schema"
)

// Graph is the watchers and processes of a project and the edges between them.
// It has no cycle.
type Graph struct {
	Nodes []Node // watchers, then processes, each in the order of the file
	Edges []Edge // by downstream node, then in the order of the file
}

// Node is one watcher or one process; exactly one of the two is set.
type Node struct {
	Name    string
	Watcher *schema.Watcher
	Process *schema.Process
	Gone    bool // it is not in the configuration any more, see Rebase
}

// Edge says that node To waits for node From, both indexes into Graph.Nodes.
type Edge struct {
	From, To int
	Kind     Kind

	Trigger string // absolute path, for ByTrigger
	Text    string // the trigger as the watcher's file writes it

	Condition schema.Condition // for ByDependsOn
	Restart   bool

	Pos schema.Pos // where the file says so
}

// Kind is what makes an edge.
type Kind string

const (
	ByTrigger   Kind = "trigger"    // To watches a file that From touches
	ByDependsOn Kind = "depends_on" // To names From
)

// pos is where the node stands in the file.
func (n Node) pos() schema.Pos {
	if n.Watcher != nil {
		return n.Watcher.Pos
	}
	return n.Process.Pos
}

// Kind is "watcher" or "process".
func (n Node) Kind() string {
	if n.Watcher != nil {
		return "watcher"
	}
	return "process"
}

// watch is what wakes the node.
func (n Node) watch() []schema.Pattern {
	if n.Watcher != nil {
		return n.Watcher.Watch
	}
	return n.Process.Watch
}

func (n Node) dependsOn() []schema.Dependency {
	if n.Watcher != nil {
		return n.Watcher.DependsOn
	}
	return n.Process.DependsOn
}

// New derives the graph. The mistakes it can find are cycles, each told with
// its whole path and the place of every edge.
func New(cfg *schema.Config) (*Graph, schema.Mistakes) {
	g := &Graph{}
	index := map[string]int{}
	for i := range cfg.Watchers {
		index[cfg.Watchers[i].Name] = len(g.Nodes)
		g.Nodes = append(g.Nodes, Node{Name: cfg.Watchers[i].Name, Watcher: &cfg.Watchers[i]})
	}
	for i := range cfg.Processes {
		index[cfg.Processes[i].Name] = len(g.Nodes)
		g.Nodes = append(g.Nodes, Node{Name: cfg.Processes[i].Name, Process: &cfg.Processes[i]})
	}
	for to, n := range g.Nodes {
		g.triggerEdges(to, n)
		for _, d := range n.dependsOn() {
			if from, known := index[d.Name]; known {
				g.Edges = append(g.Edges, Edge{From: from, To: to, Kind: ByDependsOn,
					Condition: d.Condition, Restart: d.Restart, Pos: d.Pos})
			}
		}
	}
	return g, g.cycles()
}

// triggerEdges finds the triggers that the node's patterns name literally.
// Globs, and directories that happen to hold a trigger, never see one.
func (g *Graph) triggerEdges(to int, n Node) {
	for _, p := range n.watch() {
		path, literal := p.Literal()
		if !literal {
			continue
		}
		for from, w := range g.Nodes {
			if w.Watcher == nil {
				continue
			}
			for _, t := range w.Watcher.Triggers {
				if slashed(t.Abs) == path {
					g.Edges = append(g.Edges, Edge{From: from, To: to, Kind: ByTrigger,
						Trigger: t.Abs, Text: t.Text, Pos: p.Pos})
				}
			}
		}
	}
}

// Index finds a node by its name; -1 if there is none. One that is gone has none.
func (g *Graph) Index(name string) int {
	return slices.IndexFunc(g.Nodes, func(n Node) bool { return n.Name == name && !n.Gone })
}

// Upstream lists the nodes that the node waits for directly, each once.
func (g *Graph) Upstream(node int) []int {
	var up []int
	for _, e := range g.Edges {
		if e.To == node && !slices.Contains(up, e.From) {
			up = append(up, e.From)
		}
	}
	return up
}

// Downstream lists the nodes that wait for the node directly, each once.
func (g *Graph) Downstream(node int) []int {
	var down []int
	for _, e := range g.Edges {
		if e.From == node && !slices.Contains(down, e.To) {
			down = append(down, e.To)
		}
	}
	return down
}

// startOrder lists every node after all that it waits for, and otherwise in
// the order of the file.
func (g *Graph) startOrder() []int {
	var order []int
	placed := make([]bool, len(g.Nodes))
	var place func(int)
	place = func(n int) {
		if placed[n] {
			return
		}
		placed[n] = true
		for _, u := range g.Upstream(n) {
			place(u)
		}
		order = append(order, n)
	}
	for n := range g.Nodes {
		place(n)
	}
	return order
}

// Closure is the named nodes and everything that they wait for, in the order
// of Nodes.
func (g *Graph) Closure(nodes ...int) []int {
	in := make([]bool, len(g.Nodes))
	var add func(int)
	add = func(n int) {
		if in[n] {
			return
		}
		in[n] = true
		for _, u := range g.Upstream(n) {
			add(u)
		}
	}
	for _, n := range nodes {
		add(n)
	}
	var all []int
	for n, wanted := range in {
		if wanted {
			all = append(all, n)
		}
	}
	return all
}
