package watchset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/schema"
)

const stages = `
ignore: ["**/*.bak"]
watchers:
  all:
    watch: [".", ../shared]
    ignore: [docs]
    trigger: .trigger
    stages:
      - x
      - {run: y, reuse: {inputs: ["src/**/*.go", docs, made/kept, .trigger, build.log, link], outputs: [made, src/out.go]}}
  raw:
    watch: ["**/*.log"]
    gitignore: false
    stages: [x]
`

// inputs lists what a stage reads, relative to dir.
func inputs(t testing.TB, s *Set, dir string, node int, patterns []schema.Pattern, outputs ...string) string {
	t.Helper()
	var all []string
	for path, err := range s.Inputs(node, patterns, outputs, nil) {
		if err != nil {
			t.Error(err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, filepath.ToSlash(rel))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

func TestInputs(t *testing.T) {
	t.Parallel()
	files := map[string]string{"project/devloop.yaml": stages, "project/.gitignore": "*.log\nmade/\n", "project/.git/HEAD": "ref: refs/heads/main\n"}
	for _, name := range []string{"a.go", "a.go.bak", "a.go~", ".trigger", "build.log", "src/b.go", "src/out.go", "src/deep/c.go", "docs/d.md", "docs/d.bak", "made/kept", "made/other"} {
		files["project/"+name] = "x"
	}
	files["shared/s.go"], files["shared/deep/s"] = "x", "x"
	top := t.TempDir()
	for name, text := range files {
		writeFile(t, filepath.Join(top, filepath.FromSlash(name)), text)
	}
	dir := filepath.Join(top, "project")
	if err := os.Symlink("src", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	cfg, _, s := loaded(t, dir)
	stage := cfg.Watchers[0].Stages[1].Reuse
	var outputs []string
	for _, out := range stage.Outputs {
		outputs = append(outputs, out.Abs)
	}
	for _, test := range []struct{ what, got, want string }{
		{"what wakes the watcher", inputs(t, s, dir, 0, nil), "../shared/deep/s ../shared/s.go .gitignore a.go devloop.yaml link/b.go link/deep/c.go link/out.go src/b.go src/deep/c.go src/out.go"},
		{"less its outputs", inputs(t, s, dir, 0, nil, outputs...), "../shared/deep/s ../shared/s.go .gitignore a.go devloop.yaml link/b.go link/deep/c.go link/out.go src/b.go src/deep/c.go"},
		{"patterns of the stage, and what git ignores where it is named", inputs(t, s, dir, 0, stage.Inputs), "build.log docs/d.bak docs/d.md link/b.go link/deep/c.go link/out.go made/kept src/b.go src/deep/c.go src/out.go"},
		{"the same, less its outputs", inputs(t, s, dir, 0, stage.Inputs, outputs...), "build.log docs/d.bak docs/d.md link/b.go link/deep/c.go link/out.go src/b.go src/deep/c.go"},
		{"without git", inputs(t, s, dir, 1, nil), "build.log"},
	} {
		if test.got != test.want {
			t.Errorf("%s:\n %s, want\n %s", test.what, test.got, test.want)
		}
	}
}

// TestInputsUnread: what cannot be read is told, and what goes away meanwhile is not there.
func TestInputsUnread(t *testing.T) {
	t.Parallel()
	dir, _, s := load(t, map[string]string{"devloop.yaml": "watchers: {check: {watch: [src, not/there], stages: [x]}}\n", "src/a": "", "src/b/c": "", "src/d/e": ""})
	silent := filepath.Join(dir, "src", "b")
	var seen []string
	for path, err := range s.Inputs(0, nil, nil, []string{silent}) {
		seen = append(seen, fmt.Sprint(filepath.Base(path), err != nil))
		if err != nil && !strings.Contains(err.Error(), silent) {
			t.Errorf("%v does not name the place", err)
		}
		_ = os.RemoveAll(filepath.Join(dir, "src", "d"))
	}
	if want := "afalse btrue"; strings.Join(seen, " ") != want {
		t.Errorf("%v, want %v", seen, want)
	}
	if os.Getuid() <= 0 {
		return // nothing is closed to root, nor are there such bits on Windows
	}
	if err := os.Chmod(silent, 0); err != nil {
		t.Fatal(err)
	}
	failed := false
	for _, err := range s.Inputs(0, nil, nil, nil) {
		failed = failed || err != nil && strings.Contains(err.Error(), silent)
	}
	if !failed {
		t.Error("a directory that cannot be read is passed over")
	}
	_ = os.Chmod(silent, 0o755)
}

func BenchmarkInputs(b *testing.B) {
	files := map[string]string{"devloop.yaml": "watchers: {check: {watch: [src, Cargo.toml], ignore: ['**/*.bak'], stages: [x]}}\n", ".gitignore": "target/\n*.log\n", ".git/HEAD": "ref: refs/heads/main\n"}
	for i := range 10_000 {
		files[fmt.Sprintf("src/some/package%03d/file%02d.go", i/100, i%100)] = "x"
	}
	_, _, s := load(b, files)
	for b.Loop() {
		n := 0
		for _, err := range s.Inputs(0, nil, []string{"target/x"}, nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
}
