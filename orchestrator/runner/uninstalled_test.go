package runner

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What shells and interpreters say of something that is not installed is understood,
// and what is none of it is not.
func TestAbsenceIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		output string
		code   int
		name   string
		kind   absentKind
	}{
		{"/bin/sh: 1: templ: not found\n", 127, "templ", absentProgram},
		{"sh: 1: tsx: not found\n", 127, "tsx", absentProgram},
		{"bash: line 1: air: command not found\n", 127, "air", absentProgram},
		{"/bin/sh: line 3: air: command not found\n", 127, "air", absentProgram},
		{"sh: air: command not found\n", 127, "air", absentProgram},
		{"zsh:1: command not found: air\n", 127, "air", absentProgram},
		{"/usr/bin/env: ‘node’: No such file or directory\n", 127, "node", absentProgram},
		{"env: node: No such file or directory\n", 127, "node", absentProgram},
		{"make: templ: No such file or directory\nmake: *** [Makefile:2: x] Error 127\n", 2, "templ", absentProgram},
		{"gen.go:1: running \"sqlc\": exec: \"sqlc\": executable file not found in $PATH\n", 1, "sqlc", absentProgram},
		{"/usr/bin/python3: No module named uvicorn\n", 1, "uvicorn", absentPython},
		{"ModuleNotFoundError: No module named 'flask.ext'\n", 1, "flask", absentPython},
		{"Error: Cannot find module 'express'\nRequire stack:\n", 1, "express", absentNode},
		{"Cannot find package '@nestjs/core' imported from /x/main.js\n", 1, "@nestjs/core", absentNode},
		{"Error: Cannot find module './routes'\n", 1, "", 0},
		{"Error: Cannot find module '/srv/x/server.js'\n", 1, "", 0},
		{"user: not found\n", 1, "", 0},
		{"FAIL: page: not found\n", 127, "", 0},
	} {
		a, said := absenceIn([]byte(c.output), c.code)
		if said != (c.name != "") || a.name != c.name || a.kind != c.kind {
			t.Errorf("%q: %v, %v", c.output, a, said)
		}
	}
}

// What to do depends on what is there.
func TestUninstalled(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	write := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	dir, bin := t.TempDir(), t.TempDir()
	write(filepath.Join(bin, "there"), 0o755)
	w := wanted{dir: dir, path: bin}
	says := func(a absent, text, hint string) {
		t.Helper()
		if gotText, gotHint := w.uninstalled(a); gotText != text || gotHint != hint {
			t.Errorf("%s: %q, %q", a.name, gotText, gotHint)
		}
	}
	says(absent{name: "there"}, "", "")
	says(absent{name: "nonsense"}, "nonsense is not installed, or not in PATH", "install it, or name it by its path")
	says(absent{name: "air"}, "air is not installed, or not in PATH", "`go install github.com/air-verse/air@latest`, with $(go env GOPATH)/bin in PATH")
	write(filepath.Join(home, "go", "bin", "air"), 0o755)
	says(absent{name: "air"}, "air is not installed, or not in PATH", "it is in ~/go/bin, which is not in PATH: `export PATH=$PATH:$HOME/go/bin`")
	says(absent{name: "express", kind: absentNode}, "", "")
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name": "shop", "dependencies": {"express": "^5"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	says(absent{name: "shop", kind: absentNode}, "", "")
	write(filepath.Join(dir, "pnpm-lock.yaml"), 0o644)
	says(absent{name: "express", kind: absentNode}, "the package express is not installed", "the packages of package.json are not installed: `pnpm install`")
	says(absent{name: "vite"}, "vite is not installed, or not in PATH", "the packages of package.json are not installed: `pnpm install`")
	write(filepath.Join(dir, "node_modules", ".bin", "vite"), 0o755)
	says(absent{name: "vite"}, "vite is not installed, or not in PATH", "it is in node_modules/.bin: run `npx vite`, or `node_modules/.bin/vite`")
	says(absent{name: "express", kind: absentNode}, "the package express is not installed", "`pnpm install`")
	says(absent{"uvicorn", absentPython, "/usr/bin/python3"}, "the Python package uvicorn is not installed for /usr/bin/python3",
		"`python3 -m venv .venv && .venv/bin/pip install uvicorn`, and `PYTHON: .venv/bin/python` under `vars`")
	write(filepath.Join(dir, ".venv", "bin", "python"), 0o755)
	says(absent{"util", absentPython, ""}, "", "")
	says(absent{"uvicorn", absentPython, ""}, "the Python package uvicorn is not installed", "there is a .venv: `PYTHON: .venv/bin/python` under `vars` takes it, or activate it before devloop")
	write(filepath.Join(dir, "shop.py"), 0o644)
	says(absent{"shop", absentPython, ""}, "", "")
}

// A package that only the system's Python has is no question of installing.
func TestSystemPython(t *testing.T) {
	there := func(names ...string) bool { return slices.Contains(names, systemPackages+"uvicorn") }
	want := "/usr/bin/python3 has it: `PYTHON: /usr/bin/python3` under `vars`"
	if got := pythonInstall(absent{"uvicorn", absentPython, "/opt/bin/python3"}, "", there); got != want {
		t.Errorf("got %q", got)
	}
	if got := pythonInstall(absent{"uvicorn", absentPython, "/usr/bin/python3"}, "uvicorn", there); got == want {
		t.Errorf("the system's Python is told to take itself: %q", got)
	}
}

// What a project declares is found in every file that Python's tools read, and nothing else in them is.
func TestDeclaredPython(t *testing.T) {
	t.Parallel()
	const pyproject = `[project]
name = "util"
dependencies = ["flask>=3", 'Flask-Cors']
keywords = ["web"]
[project.scripts]
shop = "shop:main"
[tool.setuptools]
packages = ["shop", "util"]
[dependency-groups]
dev = ["pytest"]
`
	for _, c := range []struct{ file, text, name, dist string }{
		{"requirements.txt", "flask==3.0\nPyYAML\n", "yaml", "PyYAML"},
		{"requirements.txt", "flask==3.0\r\nrequests\r\n", "requests", "requests"},
		{"requirements.txt", "flask==3.0 # with util\n# util\nutility\n", "util", ""},
		{"requirements-dev.txt", "uvicorn[standard]\n", "uvicorn", "uvicorn"},
		{"Pipfile", "[packages]\nflask = \"*\"\n[scripts]\nutil = \"x\"\n", "flask", "flask"},
		{"Pipfile", "[packages]\nflask = \"*\"\n[scripts]\nutil = \"x\"\n", "util", ""},
		{"pyproject.toml", "[tool.poetry.dependencies]\nflask = \"^3\"\n", "flask", "flask"},
		{"pyproject.toml", pyproject, "flask", "flask"},
		{"pyproject.toml", pyproject, "flask_cors", "Flask-Cors"},
		{"pyproject.toml", pyproject, "pytest", "pytest"},
		{"pyproject.toml", pyproject, "util", ""},
		{"pyproject.toml", pyproject, "shop", ""},
		{"pyproject.toml", pyproject, "web", ""},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if dist := (wanted{dir: dir}).declaredPython(c.name); dist != c.dist {
			t.Errorf("%s in %s: %q, not %q", c.name, c.file, dist, c.dist)
		}
	}
}
