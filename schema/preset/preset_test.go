package preset

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/graph"
	"devloop/schema"
)

// names are the presets that pages and people's files rely on.
var names = []string{
	"angular", "astro", "bun-web", "deno-web", "dev-server", "django", "docs", "dotnet-web", "flask", "go", "go-web", "gradle", "gunicorn", "hugo",
	"laravel", "maven", "mkdocs", "nest", "next", "node", "node-web", "nuxt", "phoenix", "php-web", "procfile", "python", "python-web", "rails", "remix",
	"ruby-web", "rust", "rust-web", "symfony", "vite", "zola",
}

func TestNoneIsForgotten(t *testing.T) {
	var got []string
	for _, p := range All() {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, names) {
		t.Errorf("got %v, want %v", got, names)
	}
	page, err := os.ReadFile("../../docs/presets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/presets.md does not list %s", name)
		}
		if !slices.ContainsFunc(projects, func(p project) bool { return p.preset == name }) {
			t.Errorf("%s is tried on no project", name)
		}
	}
}

// TestPresetsLoad holds each preset, which is a whole configuration, against
// the loader and the graph: no mistake, no warning.
func TestPresetsLoad(t *testing.T) {
	for _, p := range All() {
		cfg, err := schema.Parse(filepath.FromSlash("/project/devloop.yaml"), p.Text, schema.Options{LookupEnv: func(string) (string, bool) { return "", false }, Presets: FS()})
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		for _, w := range cfg.Warnings {
			t.Errorf("%s: %s", p.Name, w.Text("warning"))
		}
		if _, mistakes := graph.New(cfg); len(mistakes) > 0 {
			t.Errorf("%s: %v", p.Name, mistakes)
		}
	}
}

var lowerStart = regexp.MustCompile(`^[a-z]`)

// TestPresetsAreReadable keeps what makes a preset small and readable.
func TestPresetsAreReadable(t *testing.T) {
	for _, p := range All() {
		text := string(p.Text)
		switch lines := strings.Count(text, "\n"); {
		case p.Title == "" || lowerStart.MatchString(p.Title) || !strings.HasSuffix(p.Title, "."):
			t.Errorf("%s: its first line is no title: %q", p.Name, p.Title)
		case lines > 50:
			t.Errorf("%s has %d lines", p.Name, lines)
		case !strings.Contains(text, "#   extends: preset:"+p.Name+"\n"):
			t.Errorf("%s does not show how it is extended", p.Name)
		}
		for line := range strings.Lines(text) {
			if len(strings.TrimRight(line, "\n")) > 120 || strings.HasSuffix(line, " \n") {
				t.Errorf("%s: a long line, or one that ends with a space: %q", p.Name, line)
			}
		}
	}
}

// TestRustWebIsTheRecipe keeps rust-web, with tests that gate, what people type today, as it is in
// docs/recipe.md.
func TestRustWebIsTheRecipe(t *testing.T) {
	i := slices.Index(names, "rust-web")
	cfg, err := schema.Parse("devloop.yaml", All()[i].Text, schema.Options{LookupEnv: func(name string) (string, bool) { return "gate", name == "TESTS" }})
	if err != nil {
		t.Fatal(err)
	}
	w, p, s := cfg.Watchers[0], cfg.Processes[0], cfg.Sockets[0]
	var stages []string
	for _, stage := range append(slices.Clone(cfg.Watchers[1].Stages), w.Stages...) { // gate, which check waits for, and check
		stages = append(stages, strings.ReplaceAll(stage.Run.Text, "$CLIPPY", "-D clippy::all"))
	}
	if len(w.DependsOn) != 1 || w.DependsOn[0].Name != cfg.Watchers[1].Name {
		t.Errorf("the build waits for %v", w.DependsOn)
	}
	if want := []string{"cargo clippy -- -D clippy::all", "cargo test", "cargo build"}; !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	if s.Listen.Text != "http::3000" || s.Via != schema.ViaInherit || w.Triggers[0].Text != ".trigger" || p.Run.Text != "$CARGO_TARGET_DIR/debug/$BIN $ARGS" || p.Watch[0].String() != ".trigger" {
		t.Errorf("socket %v %s, trigger %v, run %v, watch %v", s.Listen, s.Via, w.Triggers, p.Run, p.Watch)
	}
}
