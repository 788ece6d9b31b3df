package watchset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/schema"
)

// load makes a project on the disk, since git's rules are read from there.
func load(t testing.TB, files map[string]string) (dir string, g *graph.Graph, s *Set) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	_, g, s = loaded(t, dir)
	return dir, g, s
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// loaded is the project in a directory.
func loaded(t testing.TB, dir string) (*schema.Config, *graph.Graph, *Set) {
	t.Helper()
	cfg, _, err := schema.Load(filepath.Join(dir, "devloop.yaml"), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return cfg, g, New(cfg, g, gitignore.New(dir))
}

const project = `
ignore: ["**/*.bak"]
watchers:
  all:
    watch: ["**"]
    ignore: [docs/**]
    stages: [x]
    trigger: .trigger
  src:
    watch: [src/**/*.rs, Cargo.toml]
    stages: [x]
  built:
    watch: [dist, src/generated.rs]
    stages: [x]
  raw:
    watch: ["**/*.log"]
    gitignore: false
    stages: [x]
processes:
  server: {run: x, watch: [.trigger, config.json]}
  other: {run: x, watch: "*.json"}
`

func TestWakes(t *testing.T) {
	dir, g, s := load(t, map[string]string{
		"devloop.yaml": project,
		".gitignore":   "dist/\n*.log\nsrc/generated.rs\n.trigger\n",
		".git/HEAD":    "ref: refs/heads/main\n",
	})
	for path, want := range map[string]string{
		"src/main.rs":             "all src",
		"src/deep/er/x.rs":        "all src",
		"src/main.rs.bak":         "",
		"Cargo.toml":              "all src",
		"README.md":               "all",
		"docs/index.md":           "",
		"dist/app.js":             "built", // git ignores it, but the watch names it
		"src/generated.rs":        "built",
		"server.log":              "raw",
		".trigger":                "server", // no glob sees a declared trigger
		"config.json":             "all server other",
		"x.json":                  "all other",
		".git/HEAD":               "",
		"src/.main.rs.swp":        "",
		"src/main.rs~":            "",
		"src/4913":                "",
		"src/#main.rs#":           "",
		"src/main.rs___jb_tmp___": "",
		"src/a.swift":             "all", // not a swap file
	} {
		var names []string
		for _, n := range s.Wakes(filepath.Join(dir, filepath.FromSlash(path))) {
			names = append(names, g.Nodes[n].Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s wakes %q, want %q", path, got, want)
		}
		if got := s.Wants(filepath.Join(dir, filepath.FromSlash(path))); got != (want != "") {
			t.Errorf("%s is wanted: %v, want %v", path, got, want != "")
		}
	}
}

func TestDescendPrunes(t *testing.T) {
	dir, _, s := load(t, map[string]string{
		"devloop.yaml": "watchers:\n  a: {watch: [src/**/*.go, 'lib/*.go', gen], ignore: [src/old], stages: [x]}\n",
		".gitignore":   "build/\ngen/\n",
		".git/HEAD":    "ref: refs/heads/main\n",
	})
	for path, want := range map[string]bool{
		".":              true,
		"src":            true,
		"src/a/b":        true,
		"src/build":      false, // git ignores it
		"src/build/deep": false,
		"src/old":        false,
		"src/.git":       false,
		"lib":            true,
		"lib/sub":        false, // the pattern is one level deep
		"gen":            true,  // ignored by git, but named
		"gen/sub":        true,
		"node_modules":   false, // no pattern reaches it
	} {
		if got := s.Descend(filepath.Join(dir, filepath.FromSlash(path))); got != want {
			t.Errorf("descend into %s: %v, want %v", path, got, want)
		}
	}
	if got := s.WakesBelow(filepath.Join(dir, "src", "gone")); !slices.Equal(got, []int{0}) {
		t.Errorf("a directory that has gone below src wakes %v, want [0]", got)
	}
	var roots []string
	for _, r := range s.Roots() {
		rel, _ := filepath.Rel(dir, r)
		roots = append(roots, filepath.ToSlash(rel))
	}
	if want := []string{"gen", "lib", "src"}; !slices.Equal(roots, want) {
		t.Errorf("roots %v, want %v", roots, want)
	}
}

func TestJudgeSaysWhy(t *testing.T) {
	dir, g, s := load(t, map[string]string{
		"devloop.yaml": project,
		".gitignore":   "# what the build leaves\n*.log\n",
		".git/HEAD":    "ref: refs/heads/main\n",
	})
	judge := func(node, path string) Verdict {
		return s.Judge(g.Index(node), filepath.Join(dir, filepath.FromSlash(path)))
	}
	if v := judge("all", "x.log"); v.Wakes || v.GitRule == nil || v.GitRule.Line != 2 {
		t.Errorf("a file that git ignores: %+v", v)
	}
	if v := judge("all", "docs/x"); v.Wakes || v.Ignored == nil || v.Ignored.Pos.Line != 6 {
		t.Errorf("an ignored file: %+v", v)
	}
	if v := judge("all", "a.bak"); v.Wakes || v.Ignored == nil || v.Ignored.Pos.Line != 2 {
		t.Errorf("a file that the whole project ignores: %+v", v)
	}
	if v := judge("all", ".trigger"); v.Wakes || !v.IsTrigger {
		t.Errorf("a trigger: %+v", v)
	}
	if v := judge("all", "x~"); v.Wakes || v.Builtin == "" {
		t.Errorf("a backup: %+v", v)
	}
	if v := judge("src", "src/x.rs"); !v.Wakes || v.Pattern.String() != "src/**/*.rs" || v.Pattern.Pos.Line != 10 {
		t.Errorf("a source: %+v", v)
	}
	if v := judge("src", "README.md"); v.Wakes || v.Pattern != nil {
		t.Errorf("a file of no interest: %+v", v)
	}
}

func TestTouchables(t *testing.T) {
	dir, _, s := load(t, map[string]string{"devloop.yaml": project})
	var names []string
	for _, p := range s.Touchables() {
		names = append(names, filepath.Base(p))
	}
	if want := []string{".trigger", "config.json"}; !slices.Equal(names, want) {
		t.Errorf("touchable: %v, want %v", names, want)
	}
	if !s.Trigger(filepath.Join(dir, ".trigger")) || s.Trigger(filepath.Join(dir, "config.json")) {
		t.Error("only .trigger is a trigger")
	}
}
