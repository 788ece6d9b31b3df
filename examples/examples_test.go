// Package examples_test runs every example for real: devloop in a copy of its folder, a page that answers, an edit that
// shows, a mistake that does not take the page down, and an end that leaves nobody behind.
package examples_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An example is a folder here, and how to try it.
type example struct {
	name  string
	needs []string // commands, and "crates.io"

	edit     string // the file that is edited,
	old, new string // and what is replaced in it: the page shows the one, then the other

	spoil   string // the file that is broken,
	with    string // by appending this to it,
	failure string // and what devloop must print then
}

var examples = []example{
	{
		name: "go-http", needs: []string{"go"},
		edit: "main.go", old: "Hello, World!", new: "Hello, Gophers!",
		spoil: "main.go", with: "\nvar _ = notDefined\n", failure: "undefined: notDefined",
	},
	{
		name: "rust-std", needs: []string{"cargo", "cargo-clippy"},
		edit: "src/main.rs", old: "Hello, World!", new: "Hello, Crabs!",
		spoil: "src/main.rs", with: "\nfn spoilt() { not_defined }\n", failure: "cannot find value `not_defined`",
	},
	{
		name: "rust-axum", needs: []string{"cargo", "cargo-clippy", "crates.io"},
		edit: "src/main.rs", old: "Hello, World!", new: "Hello, Crabs!",
		spoil: "src/main.rs", with: "\nfn spoilt() { not_defined }\n", failure: "cannot find value `not_defined`",
	},
	{
		name: "node-http", needs: []string{"node"},
		edit: "app.js", old: "Hello, World!", new: "Hello, Turtles!",
		spoil: "app.js", with: "\n}\n", failure: "SyntaxError",
	},
	{
		name: "python-http", needs: []string{"python3"},
		edit: "app.py", old: "Hello, World!", new: "Hello, Snakes!",
		spoil: "app.py", with: "\ndef spoilt(:\n", failure: "SyntaxError",
	},
	{
		name: "two-services", needs: []string{"go"},
		edit: "schema/greetings.txt", old: "Hello, World!", new: "Hello, Gophers!",
		spoil: "backend/main.go", with: "\nvar _ = notDefined\n", failure: "undefined: notDefined",
	},
}

func TestExamples(t *testing.T) {
	for _, ex := range examples {
		t.Run(ex.name, func(t *testing.T) {
			requires(t, ex.needs...)
			dir := copyExample(t, ex.name)
			loop := start(t, dir)
			loop.shows(t, ex.old)

			rewrite(t, filepath.Join(dir, ex.edit), func(text string) string {
				if !strings.Contains(text, ex.old) {
					t.Fatalf("no %q in %s", ex.old, ex.edit)
				}
				return strings.ReplaceAll(text, ex.old, ex.new)
			})
			loop.turns(t, ex.old, ex.new)

			rewrite(t, filepath.Join(dir, ex.spoil), func(text string) string { return text + ex.with })
			loop.prints(t, ex.failure)
			loop.turns(t, ex.new, ex.new)

			loop.interrupt(t)
		})
	}
}

// devloop check has nothing to say about any of them.
func TestChecks(t *testing.T) {
	for _, ex := range examples {
		t.Run(ex.name, func(t *testing.T) {
			out, err := devloop(t, copyExample(t, ex.name), "check").CombinedOutput()
			if err != nil {
				t.Errorf("devloop check: %v\n%s", err, out)
			}
		})
	}
}

// Every folder is in the table above and in the README's.
func TestNoneIsForgotten(t *testing.T) {
	readme := read(t, "README.md")
	files, err := filepath.Glob("*/devloop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(examples) {
		t.Errorf("%d folders have a devloop.yaml, and %d are tested", len(files), len(examples))
	}
	for _, ex := range examples {
		if !bytes.Contains(readme, []byte("]("+ex.name+")")) {
			t.Errorf("README.md does not link to %s", ex.name)
		}
		for _, file := range []string{"devloop.yaml", "README.md", ".gitignore"} {
			if _, err := os.Stat(filepath.Join(ex.name, file)); err != nil {
				t.Error(err)
			}
		}
	}
}

// A server's serve.go is there to be copied, and the examples do so themselves.
func TestServeIsCopiedUnchanged(t *testing.T) {
	want := read(t, "go-http/serve.go")
	for _, file := range []string{"two-services/backend/serve.go", "two-services/front/serve.go"} {
		if !bytes.Equal(read(t, file), want) {
			t.Errorf("%s differs from go-http/serve.go", file)
		}
	}
}

// A generated file that is checked in is the one that the generator makes now.
func TestGeneratedIsUpToDate(t *testing.T) {
	requires(t, "go")
	dir := copyExample(t, "two-services")
	run(t, dir, "go", "run", "./gen")
	const file = "backend/greetings.go"
	if !bytes.Equal(read(t, filepath.Join(dir, file)), read(t, filepath.Join("two-services", file))) {
		t.Errorf("two-services/%s is stale: go run ./gen in that folder", file)
	}
}

// copyExample returns a copy of an example's sources, out of the repository's sight: no .gitignore, go.mod or target/ of
// ours reaches it.
func copyExample(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	built := map[string]bool{"target": true, "bin": true, "node_modules": true, "__pycache__": true}
	isGo := false
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(name, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if built[d.Name()] {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, rel), 0o755)
		}
		if strings.HasSuffix(path, ".trigger") {
			return nil
		}
		isGo = isGo || filepath.Ext(path) == ".go"
		return os.WriteFile(filepath.Join(dir, rel), read(t, path), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if isGo { // here it belongs to the repository's module; whoever copies it has one of their own
		err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example\n\ngo 1.26\n"), 0o644)
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rewrite(t *testing.T, file string, change func(string) string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(change(string(read(t, file)))), 0o644); err != nil {
		t.Fatal(err)
	}
}
