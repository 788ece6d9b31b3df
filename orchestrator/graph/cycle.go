package graph

import (
	"fmt"
	"path/filepath"
	"strings"

	"devloop/schema"
)

// slashed brings a path to the form that patterns match.
func slashed(path string) string { return filepath.ToSlash(path) }

// cycles finds one cycle through each group of nodes that wait for each other.
func (g *Graph) cycles() schema.Mistakes {
	const (
		unseen = iota
		open
		done
	)
	var mistakes schema.Mistakes
	state := make([]int, len(g.Nodes))
	var path []Edge // how the walk came here, downstream first
	var visit func(int)
	visit = func(n int) {
		state[n] = open
		for _, e := range g.Edges {
			if e.To != n {
				continue
			}
			path = append(path, e)
			switch state[e.From] {
			case unseen:
				visit(e.From)
			case open:
				start := len(path) - 1
				for path[start].To != e.From {
					start--
				}
				mistakes = append(mistakes, g.cycle(path[start:]))
			}
			path = path[:len(path)-1]
		}
		state[n] = done
	}
	for n := range g.Nodes {
		if state[n] == unseen {
			visit(n)
		}
	}
	return mistakes
}

// cycle words one cycle: the path in one line, then every edge with its place.
// Edges come downstream first, so that the text reads "waits for".
func (g *Graph) cycle(edges []Edge) schema.Mistake {
	var names []string
	var lines strings.Builder
	for _, e := range edges {
		to, from := g.Nodes[e.To].Name, g.Nodes[e.From].Name
		names = append(names, to)
		place := fmt.Sprintf("%s:%d:%d", filepath.Base(e.Pos.File), e.Pos.Line, e.Pos.Col)
		if e.Kind == ByTrigger {
			fmt.Fprintf(&lines, "\n  %s watches %s, which %s touches (%s)", to, e.Text, from, place)
		} else {
			fmt.Fprintf(&lines, "\n  %s depends on %s (%s)", to, from, place)
		}
	}
	names = append(names, g.Nodes[edges[0].To].Name)
	return schema.Mistake{
		Pos:  edges[0].Pos,
		Msg:  "dependency cycle: " + strings.Join(names, " → ") + lines.String(),
		Hint: "remove one of these edges: nothing in the cycle could ever start",
	}
}
