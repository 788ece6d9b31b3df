package graph

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"devloop/schema"
)

// load derives the graph of a configuration.
func load(t *testing.T, text string) (*schema.Config, *Graph, schema.Mistakes) {
	t.Helper()
	cfg, err := schema.Parse("/project/devloop.yaml", []byte(text), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, mistakes := New(cfg)
	return cfg, g, mistakes
}

const services = `
name: services
sockets: {api: http::3000, web: http::3001}
watchers:
  backend:
    watch: [cmd, .gen.trigger]
    stages: [go vet ./..., {parallel: [go test ./..., go build -o bin/api ./cmd]}]
    trigger: .trigger
  gen:
    watch: [schema]
    stages: [go generate ./...]
    trigger: .gen.trigger
processes:
  front: {run: bin/front, sockets: [web], depends_on: {api: {condition: ready, restart: true}}}
  api: {run: bin/api, watch: .trigger, sockets: [api]}
`

func TestOrder(t *testing.T) {
	_, g, mistakes := load(t, services)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	name := func(nodes []int) string {
		var names []string
		for _, n := range nodes {
			names = append(names, g.Nodes[n].Name)
		}
		return strings.Join(names, " ")
	}
	for what, pair := range map[string][2]string{
		"start":              {name(g.startOrder()), "gen backend api front"},
		"upstream of front":  {name(g.Upstream(g.Index("front"))), "api"},
		"downstream of gen":  {name(g.Downstream(g.Index("gen"))), "backend"},
		"what api needs":     {name(g.Closure(g.Index("api"))), "backend gen api"},
		"what backend needs": {name(g.Closure(g.Index("backend"))), "backend gen"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", what, pair[0], pair[1])
		}
	}
	if g.Index("nobody") != -1 {
		t.Error("a name that is not there has an index")
	}
}

func TestGlobsAndDirectoriesSeeNoTrigger(t *testing.T) {
	_, g, _ := load(t, `
watchers:
  a: {watch: [src], stages: [x], trigger: out/done}
  b: {watch: [out, "out/*", "**"], stages: [y]}
processes:
  p: {run: z, watch: ./out/done}
`)
	if len(g.Edges) != 1 || g.Nodes[g.Edges[0].To].Name != "p" {
		t.Errorf("edges: %+v, want one, to p", g.Edges)
	}
}

func TestCycleIsToldWithEveryEdge(t *testing.T) {
	_, _, mistakes := load(t, `watchers:
  a:
    watch: [src, .c]
    stages: [x]
    trigger: .a
  b:
    watch: .a
    stages: [x]
    trigger: .b
processes:
  p:
    run: x
    watch: .b
    depends_on: [p2]
  p2: {run: x, depends_on: [p]}
`)
	if len(mistakes) != 1 {
		t.Fatalf("%d mistakes, want 1: %v", len(mistakes), mistakes)
	}
	want := "dependency cycle: p → p2 → p\n" +
		"  p depends on p2 (devloop.yaml:14:18)\n" +
		"  p2 depends on p (devloop.yaml:15:29)"
	if mistakes[0].Msg != want {
		t.Errorf("got:\n%s\nwant:\n%s", mistakes[0].Msg, want)
	}
	if mistakes[0].Pos.Line != 14 || mistakes[0].Hint == "" {
		t.Errorf("at %v with hint %q", mistakes[0].Pos, mistakes[0].Hint)
	}
	_, _, mistakes = load(t, `watchers:
  a: {watch: [src, .b], stages: [x], trigger: .a}
  b: {watch: [.a], stages: [x], trigger: .b}
`)
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].Msg, "a → b → a") ||
		!strings.Contains(mistakes[0].Msg, "a watches .b, which b touches (devloop.yaml:2:20)") {
		t.Errorf("a cycle of triggers: %v", mistakes)
	}
}

func TestFormats(t *testing.T) {
	cfg, g, _ := load(t, services)
	draw := func(format string) string {
		var b bytes.Buffer
		if err := g.Write(&b, cfg, format); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		return b.String()
	}
	wantText := `gen      watcher  go generate ./...
         watches schema
         touches .gen.trigger → backend
backend  watcher  go vet ./... → (go test ./... | go build -o bin/api ./cmd)
         watches cmd, .gen.trigger
         touches .trigger → api
api      process  bin/api
         watches .trigger
         socket api (http::3000)
front    process  bin/front
         socket web (http::3001)
         waits for api (ready, restarts with it)
`
	if text := draw("text"); text != wantText {
		t.Errorf("text:\n%s\nwant:\n%s", text, wantText)
	}
	for _, want := range []string{`"gen" -> "backend" [label=".gen.trigger"]`, `"socket web" -> "front" [style=dashed]`} {
		if dot := draw("dot"); !strings.Contains(dot, want) {
			t.Errorf("dot lacks %s:\n%s", want, dot)
		}
	}
	if mermaid := draw("mermaid"); !strings.Contains(mermaid, `n1 -->|".gen.trigger"| n0`) || !strings.Contains(mermaid, `s0>"api<br>http::3000"]`) {
		t.Errorf("mermaid:\n%s", mermaid)
	}
	var parsed struct {
		Nodes []struct{ Name, Kind string }
		Edges []struct{ From, To, Kind, Trigger string }
	}
	if err := json.Unmarshal([]byte(draw("json")), &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed.Nodes) != 4 || !slices.ContainsFunc(parsed.Edges, func(e struct{ From, To, Kind, Trigger string }) bool {
		return e.From == "backend" && e.To == "api" && e.Kind == "trigger" && e.Trigger == ".trigger"
	}) {
		t.Errorf("json: %+v", parsed)
	}
	if err := g.Write(&bytes.Buffer{}, cfg, "svg"); err == nil {
		t.Error("an unknown format is no error")
	}
}
