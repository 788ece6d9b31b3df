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

	"devloop/orchestrator/test/looptest"
)

// An example is a folder here, and how to try it.
type example struct {
	name    string
	needs   []string // commands, and "crates.io"
	fetch   []string // a command that downloads what it needs; without a network the example is skipped
	process string   // the one that is restarted under load; "server" if empty
	drains  bool     // its own drain loses nothing, or the proxy sees to it: not one request may fail

	edit     string // the file that is edited,
	old, new string // and what is replaced in it: the page shows the one, then the other

	spoil   string // the file that is broken,
	with    string // by appending this to it,
	failure string // and what devloop must print then
}

var examples = []example{
	{
		name: "go-http", needs: []string{"go"}, drains: true,
		edit: "main.go", old: "Hello, World!", new: "Hello, Gophers!",
		spoil: "main.go", with: "\nvar _ = notDefined\n", failure: "undefined: notDefined",
	},
	{
		name: "rust-std", needs: []string{"cargo", "cargo-clippy"}, drains: true,
		edit: "src/main.rs", old: "Hello, World!", new: "Hello, Crabs!",
		spoil: "src/main.rs", with: "\nfn spoilt() { not_defined }\n", failure: "cannot find value `not_defined`",
	},
	{
		name: "rust-axum", needs: []string{"cargo", "cargo-clippy", "crates.io"}, drains: true,
		edit: "src/main.rs", old: "Hello, World!", new: "Hello, Crabs!",
		spoil: "src/main.rs", with: "\nfn spoilt() { not_defined }\n", failure: "cannot find value `not_defined`",
	},
	{
		name: "node-http", needs: []string{"node"}, drains: true,
		edit: "app.js", old: "Hello, World!", new: "Hello, Turtles!",
		spoil: "app.js", with: "\n}\n", failure: "SyntaxError",
	},
	{
		name: "python-http", needs: []string{"python3"}, drains: true,
		edit: "app.py", old: "Hello, World!", new: "Hello, Snakes!",
		spoil: "app.py", with: "\ndef spoilt(:\n", failure: "SyntaxError",
	},
	{
		name: "two-services", needs: []string{"go"}, process: "front", drains: true,
		edit: "schema/greetings.txt", old: "Hello, World!", new: "Hello, Gophers!",
		spoil: "backend/main.go", with: "\nvar _ = notDefined\n", failure: "undefined: notDefined",
	},
	{
		name: "go-systemd", needs: []string{"go"}, fetch: []string{"go", "mod", "download"}, drains: true,
		edit: "main.go", old: "Hello, World!", new: "Hello, Gophers!",
		spoil: "main.go", with: "\nvar _ = notDefined\n", failure: "undefined: notDefined",
	},
	{
		name: "node-express", needs: []string{"node", "npm"}, fetch: []string{"npm", "ci", "--no-audit", "--no-fund"}, drains: true,
		edit: "app.js", old: "Hello, World!", new: "Hello, Turtles!",
		spoil: "app.js", with: "\n}\n", failure: "SyntaxError",
	},
	{
		name: "node-vite", needs: []string{"node", "npm"}, fetch: []string{"npm", "ci", "--no-audit", "--no-fund"}, process: "vite", drains: true,
		edit: "index.html", old: "Hello, World!", new: "Hello, Turtles!",
		spoil: "package-lock.json", with: "}", failure: "npm",
	},
	{
		name: "python-asyncio", needs: []string{"python3"},
		edit: "app.py", old: "Hello, World!", new: "Hello, Snakes!",
		spoil: "app.py", with: "\ndef spoilt(:\n", failure: "SyntaxError",
	},
	{
		name: "python-gunicorn", needs: []string{"python3", "gunicorn"},
		edit: "app.py", old: "Hello, World!", new: "Hello, Snakes!",
		spoil: "app.py", with: "\ndef spoilt(:\n", failure: "SyntaxError",
	},
	{
		name: "python-uvicorn", needs: []string{"python3", "uvicorn"},
		edit: "app.py", old: "Hello, World!", new: "Hello, Snakes!",
		spoil: "app.py", with: "\ndef spoilt(:\n", failure: "SyntaxError",
	},
	{
		name: "ruby-puma", needs: []string{"ruby", "puma", "a Puma that can notify (Puma 6, or the gem sd_notify)"},
		edit: "app.rb", old: "Hello, World!", new: "Hello, Gems!",
		spoil: "app.rb", with: "\nend\n", failure: "syntax error",
	},
	{
		name: "php-builtin", needs: []string{"php"}, drains: true,
		edit: "page.php", old: "Hello, World!", new: "Hello, Elephants!",
		spoil: "test.php", with: "\n}\n", failure: "Parse error",
	},
	{
		name: "java-httpserver", needs: []string{"java", "javac"}, drains: true,
		edit: "Server.java", old: "Hello, World!", new: "Hello, Beans!",
		spoil: "Server.java", with: "\nclass Spoilt { int x = notDefined; }\n", failure: "cannot find symbol",
	},
}

func TestExamples(t *testing.T) {
	for _, ex := range examples {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			dir := ex.prepare(t)
			loop := start(t, dir)
			loop.Shows(t, ex.old)

			rewrite(t, filepath.Join(dir, ex.edit), func(text string) string {
				if !strings.Contains(text, ex.old) {
					t.Fatalf("no %q in %s", ex.old, ex.edit)
				}
				return strings.ReplaceAll(text, ex.old, ex.new)
			})
			loop.Turns(t, ex.old, ex.new)

			rewrite(t, filepath.Join(dir, ex.spoil), func(text string) string { return text + ex.with })
			loop.Prints(t, ex.failure)
			loop.Turns(t, ex.new, ex.new)

			loop.Interrupt(t)
		})
	}
}

// prepare copies the example to a place of its own, with all that it needs, or skips the test.
func (ex *example) prepare(t *testing.T) (dir string) {
	t.Helper()
	requires(t, ex.needs...)
	dir = copyExample(t, ex.name)
	if len(ex.fetch) > 0 {
		looptest.Fetch(t, dir, ex.fetch...)
	}
	return dir
}

// devloop check has nothing to say about any of them.
func TestChecks(t *testing.T) {
	for _, ex := range examples {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			out, err := looptest.Devloop(t, copyExample(t, ex.name), "check").CombinedOutput()
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
	if !bytes.Equal(read(t, "node-express/serve.js"), read(t, "node-http/serve.js")) {
		t.Error("node-express/serve.js differs from node-http/serve.js")
	}
}

// A generated file that is checked in is the one that the generator makes now.
func TestGeneratedIsUpToDate(t *testing.T) {
	t.Parallel()
	requires(t, "go")
	dir := copyExample(t, "two-services")
	looptest.Run(t, dir, "go", "run", "./gen")
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
	built := map[string]bool{"target": true, "bin": true, "build": true, "node_modules": true, "__pycache__": true}
	isGo, hasModule := false, false
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
		hasModule = hasModule || d.Name() == "go.mod"
		return os.WriteFile(filepath.Join(dir, rel), read(t, path), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if isGo && !hasModule { // here it belongs to the repository's module; whoever copies it has one of their own
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
