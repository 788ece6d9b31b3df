package dashboard

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// graphOf makes a graph of "a>b" edges.
func graphOf(nodes []string, edges ...[2]string) Graph {
	var g Graph
	for _, n := range nodes {
		g.Nodes = append(g.Nodes, GraphNode{Name: n, Kind: "watcher"})
	}
	for _, e := range edges {
		g.Edges = append(g.Edges, GraphEdge{e[0], e[1], "trigger"})
	}
	return g
}

// randomGraph has edges from earlier nodes to later ones, and sockets at the last.
func randomGraph(r *rand.Rand, nodes, edges, sockets int) Graph {
	var names []string
	for i := range nodes {
		names = append(names, fmt.Sprintf("node-%d", i))
	}
	g := graphOf(names)
	for range edges {
		from, to := r.IntN(nodes), r.IntN(nodes)
		if from != to {
			g.Edges = append(g.Edges, GraphEdge{names[min(from, to)], names[max(from, to)], "depends_on"})
		}
	}
	for i := range sockets {
		g.Sockets = append(g.Sockets, GraphSocket{Name: fmt.Sprint("socket-", i), Nodes: []string{names[nodes-1-i%nodes]}})
	}
	r.Shuffle(len(g.Nodes), func(i, j int) { g.Nodes[i], g.Nodes[j] = g.Nodes[j], g.Nodes[i] })
	return g
}

// judge says what is wrong with a drawing.
func judge(d drawing) error {
	var boxes []box
	at := map[string]box{}
	sockets := map[string]box{}
	for _, n := range d.Nodes {
		boxes, at[n.Name] = append(boxes, n.box), n.box
	}
	for _, s := range d.Sockets {
		boxes, sockets[s.Name] = append(boxes, s.box), s.box
	}
	for i, a := range boxes {
		if a.X < 0 || a.Y < 0 || a.X+a.Width > d.Width || a.Y+a.Height > d.Height || a.Width <= 0 || a.Height <= 0 {
			return fmt.Errorf("%+v is outside of %d×%d", a, d.Width, d.Height)
		}
		for _, b := range boxes[:i] {
			if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
				return fmt.Errorf("%+v overlaps %+v", a, b)
			}
		}
	}
	for _, e := range d.Edges {
		from, to := at[e.From], at[e.To]
		if e.Kind == "socket" {
			to = sockets[e.To]
		}
		if from.X+from.Width > to.X {
			return fmt.Errorf("%s → %s goes back", e.From, e.To)
		}
		first, last := e.Points[0], e.Points[len(e.Points)-1]
		if first != [2]int{from.X + from.Width, from.Y + from.Height/2} || last != [2]int{to.X, to.Y + to.Height/2} {
			return fmt.Errorf("%s → %s leads from %v to %v", e.From, e.To, first, last)
		}
		for i := 1; i < len(e.Points); i++ {
			p, q := e.Points[i-1], e.Points[i]
			if q[0] < p[0] {
				return fmt.Errorf("%s → %s turns back: %v", e.From, e.To, e.Points)
			}
			for _, b := range boxes { // through a layer the edge is level
				if p[1] == q[1] && p[0] < b.X+b.Width && b.X < q[0] && p[1] > b.Y && p[1] < b.Y+b.Height {
					return fmt.Errorf("%s → %s passes through %+v: %v", e.From, e.To, b, e.Points)
				}
			}
		}
	}
	return nil
}

func TestShapes(t *testing.T) {
	t.Parallel()
	e := func(from, to string) [2]string { return [2]string{from, to} }
	for name, g := range map[string]Graph{
		"nothing":  {},
		"one":      graphOf([]string{"a"}),
		"apart":    graphOf([]string{"a", "b", "c"}),
		"line":     graphOf([]string{"a", "b", "c"}, e("a", "b"), e("b", "c")),
		"diamond":  graphOf([]string{"a", "b", "c", "d"}, e("a", "b"), e("a", "c"), e("b", "d"), e("c", "d")),
		"shortcut": graphOf([]string{"a", "b", "c", "d"}, e("a", "b"), e("b", "c"), e("c", "d"), e("a", "d"), e("a", "c")),
		"twice":    graphOf([]string{"a", "b"}, e("a", "b"), e("a", "b")),
		"unknown":  graphOf([]string{"a"}, e("a", "x"), e("x", "a"), e("a", "a")),
		"circle":   graphOf([]string{"a", "b", "c"}, e("a", "b"), e("b", "c"), e("c", "a")), // cannot be; still ends
		"star":     graphOf([]string{"a", "b", "c", "d", "e"}, e("a", "b"), e("a", "c"), e("a", "d"), e("a", "e")),
		"late":     graphOf([]string{"a", "b", "c", "db"}, e("a", "b"), e("b", "c"), e("db", "c")),
	} {
		d := draw(g)
		if err := judge(d); err != nil && name != "circle" {
			t.Errorf("%s: %v", name, err)
		}
		if len(d.Nodes) != len(g.Nodes) || d.Edges == nil || d.Sockets == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	d := draw(graphOf([]string{"a", "b", "c", "db"}, e("a", "b"), e("b", "c"), e("db", "c")))
	if d.Nodes[3].X != d.Nodes[1].X {
		t.Errorf("what waits for nothing is far from what waits for it: %+v", d.Nodes)
	}
	crossed := draw(graphOf([]string{"a", "b", "c", "d"}, e("a", "d"), e("b", "c")))
	if (crossed.Nodes[0].Y < crossed.Nodes[1].Y) != (crossed.Nodes[3].Y < crossed.Nodes[2].Y) {
		t.Errorf("edges cross for nothing: %+v", crossed.Nodes)
	}
	line := draw(graphOf([]string{"a", "b", "c"}, e("a", "b"), e("b", "c")))
	if line.Nodes[0].Y != line.Nodes[1].Y || line.Nodes[1].Y != line.Nodes[2].Y {
		t.Errorf("a line is not straight: %+v", line.Nodes)
	}
}

// Any graph is drawn without overlaps, along its edges, and each time in the same way.
func TestRandomDrawings(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := randomGraph(r, 1+r.IntN(60), r.IntN(90), r.IntN(8))
		d := draw(g)
		if err := judge(d); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if again := draw(g); !reflect.DeepEqual(d, again) {
			t.Errorf("seed %d: the second drawing differs", seed)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	g := randomGraph(rand.New(rand.NewPCG(1, 2)), 50, 80, 5)
	for b.Loop() {
		draw(g)
	}
}
