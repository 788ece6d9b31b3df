package graph

import (
	"testing"

	"devloop/schema"
)

// TestRebase: nodes keep their numbers, also those that come back, and one that
// is no more holds nothing of its configuration.
func TestRebase(t *testing.T) {
	project := &schema.Project{Name: "p", Vars: []schema.Var{{}}, Ignore: []schema.Pattern{{}}}
	graphOf := func(names ...string) *Graph {
		g := &Graph{}
		for _, name := range names {
			n := Node{Name: name}
			if name[0] == 'w' && name != "web" {
				n.Watcher = &schema.Watcher{Name: name, Project: project, Stages: []schema.Stage{{}}}
			} else {
				n.Process = &schema.Process{Name: name, Project: project, Watch: []schema.Pattern{{}}}
			}
			g.Nodes = append(g.Nodes, n)
		}
		if len(g.Nodes) > 1 {
			g.Edges = []Edge{{From: 0, To: len(g.Nodes) - 1}}
		}
		return g
	}
	check := func(g *Graph, want ...string) {
		t.Helper()
		if len(g.Nodes) != len(want) {
			t.Fatalf("%d nodes, want %q", len(g.Nodes), want)
		}
		for i, n := range g.Nodes {
			name := n.Name
			if n.Gone {
				name += " gone"
			}
			if name != want[i] {
				t.Errorf("node %d is %s, want %s", i, name, want[i])
			}
		}
	}
	g := graphOf("web", "api", "p")
	g = graphOf("web", "p", "new").Rebase(g)
	check(g, "web", "api gone", "p", "new")
	if gone := g.Nodes[1].Process; gone.Watch != nil || gone.Project == project || gone.Project.Name != "p" {
		t.Errorf("what is gone holds %+v", gone)
	}
	stopped := graphOf("api")
	stopped.Nodes[0].Process.Dir, stopped.Nodes[0].Process.Stop.Command = "/p", &schema.Command{}
	if gone := graphOf("web").Rebase(stopped).Nodes[0].Process; gone.Dir != "/p" || len(gone.Project.Vars) != 1 || gone.Project.Ignore != nil {
		t.Errorf("what its stop.command needs is %+v", gone)
	}
	g = graphOf("api", "web").Rebase(g)
	check(g, "web", "api", "p gone", "new gone")
	if e := g.Edges[0]; e.From != 1 || e.To != 0 {
		t.Errorf("the edge from api to web leads from %d to %d", e.From, e.To)
	}
	g = graphOf("web", "api", "p", "new").Rebase(g)
	check(g, "web", "api", "p", "new")
	watcher := graphOf("web")
	watcher.Nodes[0] = Node{Name: "api", Watcher: &schema.Watcher{Name: "api", Project: project}}
	check(watcher.Rebase(g), "web gone", "api gone", "p gone", "new gone", "api")
}
