package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"devloop/schema"
)

// Formats are the names that Write knows.
var Formats = []string{"text", "dot", "mermaid", "json"}

// Write draws the graph in one of Formats. cfg is the configuration that the
// graph was derived from.
func (g *Graph) Write(w io.Writer, cfg *schema.Config, format string) error {
	switch format {
	case "text":
		return g.text(w, cfg)
	case "dot":
		return g.dot(w, cfg)
	case "mermaid":
		return g.mermaid(w, cfg)
	case "json":
		return g.json(w, cfg)
	}
	return fmt.Errorf("unknown format %q: one of %s", format, strings.Join(Formats, ", "))
}

// does says in a few words what a node does.
func (n Node) does() string {
	if n.Watcher == nil {
		return n.Process.Run.Shown(n.Process.Env)
	}
	var steps []string
	for _, s := range n.Watcher.Stages {
		if len(s.Parallel) == 0 {
			steps = append(steps, s.Name)
			continue
		}
		var names []string
		for _, p := range s.Parallel {
			names = append(names, p.Name)
		}
		steps = append(steps, "("+strings.Join(names, " | ")+")")
	}
	if len(steps) == 0 {
		return "passes changes on"
	}
	return strings.Join(steps, " → ")
}

// label says what an edge is.
func (e Edge) label() string {
	if e.Kind == ByTrigger {
		return e.Text
	}
	if e.Restart {
		return string(e.Condition) + ", restarts with it"
	}
	return string(e.Condition)
}

func patterns(ps []schema.Pattern) string {
	var texts []string
	for _, p := range ps {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}

func (g *Graph) text(w io.Writer, cfg *schema.Config) error {
	width := 0
	for _, n := range g.Nodes {
		width = max(width, utf8.RuneCountInString(n.Name))
	}
	var b strings.Builder
	for _, i := range g.startOrder() {
		n := g.Nodes[i]
		fmt.Fprintf(&b, "%-*s  %-7s  %s\n", width, n.Name, n.Kind(), n.does())
		line := func(format string, args ...any) {
			fmt.Fprintf(&b, "%*s  ", width, "")
			fmt.Fprintf(&b, format+"\n", args...)
		}
		if ps := n.watch(); len(ps) > 0 {
			line("watches %s", patterns(ps))
		}
		if n.Process != nil {
			for _, ref := range n.Process.Sockets {
				if s := cfg.Socket(ref.Name); s != nil {
					about := s.Listen.Text
					if s.Live != schema.LiveOff {
						about += ", live: " + string(s.Live)
					}
					line("socket %s (%s)", s.Name, about)
				}
			}
		}
		for _, e := range g.Edges {
			switch {
			case e.To == i && e.Kind == ByDependsOn:
				line("waits for %s (%s)", g.Nodes[e.From].Name, e.label())
			case e.From == i && e.Kind == ByTrigger:
				line("touches %s → %s", e.Text, g.Nodes[e.To].Name)
			}
		}
	}
	if cfg.Dashboard != nil {
		fmt.Fprintf(&b, "dashboard (%s)\n", cfg.Dashboard.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g *Graph) dot(w io.Writer, cfg *schema.Config) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n  rankdir=LR;\n", quote(cfg.Name))
	for _, s := range cfg.Sockets {
		fmt.Fprintf(&b, "  %s [shape=cds, label=%s];\n", quote("socket "+s.Name), quote(s.Name+"\n"+s.Listen.Text))
	}
	for _, n := range g.Nodes {
		shape := "box"
		if n.Process != nil {
			shape = "component"
		}
		fmt.Fprintf(&b, "  %s [shape=%s, label=%s];\n", quote(n.Name), shape, quote(n.Name+"\n"+n.does()))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", quote(g.Nodes[e.From].Name), quote(g.Nodes[e.To].Name), quote(e.label()))
	}
	for _, n := range g.Nodes {
		if n.Process == nil {
			continue
		}
		for _, s := range n.Process.Sockets {
			fmt.Fprintf(&b, "  %s -> %s [style=dashed];\n", quote("socket "+s.Name), quote(n.Name))
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// quote writes a DOT string: https://graphviz.org/doc/info/lang.html.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func (g *Graph) mermaid(w io.Writer, cfg *schema.Config) error {
	// Mermaid ids are plain words, labels are quoted with HTML entities:
	// https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters.
	text := func(s string) string {
		return `"` + strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;", "\n", "<br>").Replace(s) + `"`
	}
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, s := range cfg.Sockets {
		fmt.Fprintf(&b, "  s%d>%s]\n", i, text(s.Name+"\n"+s.Listen.Text))
	}
	for i, n := range g.Nodes {
		open, end := "[", "]"
		if n.Process != nil {
			open, end = "([", "])"
		}
		fmt.Fprintf(&b, "  n%d%s%s%s\n", i, open, text(n.Name+"\n"+n.does()), end)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  n%d -->|%s| n%d\n", e.From, text(e.label()), e.To)
	}
	for i, n := range g.Nodes {
		if n.Process == nil {
			continue
		}
		for _, ref := range n.Process.Sockets {
			for j, s := range cfg.Sockets {
				if s.Name == ref.Name {
					fmt.Fprintf(&b, "  s%d -.-> n%d\n", j, i)
				}
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g *Graph) json(w io.Writer, cfg *schema.Config) error {
	type node struct {
		Name    string   `json:"name"`
		Kind    string   `json:"kind"`
		Watch   []string `json:"watch,omitempty"`
		Stages  []string `json:"stages,omitempty"`
		Sockets []string `json:"sockets,omitempty"`
		Line    int      `json:"line"`
	}
	type edge struct {
		From      string           `json:"from"`
		To        string           `json:"to"`
		Kind      Kind             `json:"kind"`
		Trigger   string           `json:"trigger,omitempty"`
		Condition schema.Condition `json:"condition,omitempty"`
		Restart   bool             `json:"restart,omitempty"`
		Line      int              `json:"line"`
	}
	type socket struct {
		Name   string      `json:"name"`
		Listen string      `json:"listen"`
		Live   schema.Live `json:"live"`
	}
	out := struct {
		Name    string   `json:"name"`
		File    string   `json:"file"`
		Nodes   []node   `json:"nodes"`
		Edges   []edge   `json:"edges"`
		Sockets []socket `json:"sockets"`

		Dashboard string `json:"dashboard,omitempty"`
	}{Name: cfg.Name, File: cfg.File, Nodes: []node{}, Edges: []edge{}, Sockets: []socket{}}
	if cfg.Dashboard != nil {
		out.Dashboard = cfg.Dashboard.Text
	}
	for _, n := range g.Nodes {
		o := node{Name: n.Name, Kind: n.Kind(), Line: n.pos().Line}
		for _, p := range n.watch() {
			o.Watch = append(o.Watch, p.String())
		}
		if n.Watcher != nil {
			for _, group := range n.Watcher.Groups() {
				for _, s := range group {
					o.Stages = append(o.Stages, s.Name)
				}
			}
		} else {
			for _, s := range n.Process.Sockets {
				o.Sockets = append(o.Sockets, s.Name)
			}
		}
		out.Nodes = append(out.Nodes, o)
	}
	for _, e := range g.Edges {
		out.Edges = append(out.Edges, edge{g.Nodes[e.From].Name, g.Nodes[e.To].Name, e.Kind, e.Text, e.Condition, e.Restart, e.Pos.Line})
	}
	for _, s := range cfg.Sockets {
		out.Sockets = append(out.Sockets, socket{s.Name, s.Listen.Text, s.Live})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
