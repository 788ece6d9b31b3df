package runner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"devloop/orchestrator/procgroup"
	"devloop/schema/lazyregexp"
)

// absent is something that a command needs and that is not installed.
type absent struct {
	name string
	kind absentKind
	by   string // the interpreter that says so, as it names itself; "" if it does not
}

type absentKind int

const (
	absentProgram absentKind = iota
	absentPython
	absentNode
	absentComposer
)

// absences are how shells, env, make and Go say that a program is not found, and interpreters that a package
// is not. Those of a shell need its exit code, too.
var absences = []absence{
	{absentProgram, true, lazyregexp.New(`(?m)^(?:[^:\n]*sh: )?(?:line )?(?:\d+: )?([\w.@+-]+): (?:command )?not found\r?$`)},
	{absentProgram, true, lazyregexp.New(`(?m)^zsh:\d*:? ?command not found: ([\w.@+-]+)\r?$`)},
	{absentProgram, true, lazyregexp.New(`(?m)^(?:/usr/bin/)?env: ['‘"]?([\w.@+-]+)['’"]?: No such file or directory\r?$`)},
	{absentProgram, false, lazyregexp.New(`(?m)^g?make(?:\[\d+\])?: ([\w.@+-]+): No such file or directory\r?$`)},
	{absentProgram, false, lazyregexp.New(`exec: "([\w.@+-]+)": executable file not found in \$PATH`)},
	{absentPython, false, lazyregexp.New(`(?m)^(?:(\S*python[\d.]*): |ModuleNotFoundError: )No module named '?([\w.]+)'?\r?$`)},
	{absentNode, false, lazyregexp.New(`(?m)Cannot find (?:module|package) '((?:@[\w.-]+/)?[\w-][\w.-]*)`)},
	{absentComposer, false, lazyregexp.New(`(?m)(vendor/autoload\.php)\)?: Failed to open stream: No such file`)},
}

type absence struct {
	kind  absentKind
	shell bool
	match *lazyregexp.Regexp
}

// absenceIn finds what the output of a failed command says is not installed.
func absenceIn(output []byte, code int) (absent, bool) {
	const notFound = 127 // what a shell ends with
	for _, a := range absences {
		if a.shell && code != notFound {
			continue
		}
		found := a.match.FindSubmatch(output)
		switch {
		case found == nil:
		case a.kind == absentPython:
			name, _, _ := strings.Cut(string(found[2]), ".")
			return absent{name, a.kind, string(found[1])}, true
		default:
			return absent{string(found[1]), a.kind, ""}, true
		}
	}
	return absent{}, false
}

// seekUninstalled finds out, in a goroutine of its own, whether a command failed for lack of a program or a
// package, and says how to get it. output is the end of what it wrote.
func (w wanted) seekUninstalled(o *owner, node int, exit procgroup.Exit, output func() []byte) {
	if exit.Success() || exit.Err != nil && !errors.Is(exit.Err, procgroup.ErrNotFound) {
		return
	}
	code := exit.Code
	o.onDisk(func() {
		var a absent
		switch {
		case exit.Err == nil:
			var said bool
			if a, said = absenceIn(output(), code); !said {
				return
			}
		case w.name == "":
			return
		default:
			a = absent{name: w.name}
		}
		if text, hint := w.uninstalled(a); text != "" {
			o.post(func() { o.missing(node, text, hint) })
		}
	})
}

// uninstalled says what is missing and how to get it; "" if it exists after all, or may be a file of the project.
func (w wanted) uninstalled(a absent) (text, hint string) {
	there := w.there
	node := ""
	if there("package.json") && !there("node_modules", "../node_modules", "../../node_modules") {
		node = nodeInstall(there)
	}
	switch a.kind {
	case absentPython:
		if there(a.name, a.name+".py", "src/"+a.name, "src/"+a.name+".py") {
			return "", "" // its own program: that is not a question of installing
		}
		pkg := w.declaredPython(a.name)
		if pkg == "" && strings.Contains(installs()[a.name], "/pip install ") {
			pkg = a.name // a program that everybody knows by this name
		}
		if hint = pythonInstall(a, pkg, there); hint == "" {
			return "", ""
		}
		text = "the Python package " + a.name + " is not installed"
		if a.by != "" {
			text += " for " + a.by
		}
		return text, hint
	case absentComposer:
		return "the packages of composer.json are not installed", "`composer install`"
	case absentNode:
		if !w.declaresNode(a.name) {
			return "", ""
		}
		if node == "" {
			node = "`" + nodeTool(there) + " install`"
		}
		return "the package " + a.name + " is not installed", node
	}
	for _, dir := range filepath.SplitList(w.path) {
		if info, err := os.Stat(filepath.Join(dir, a.name)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return "", "" // another PATH was searched
		}
	}
	text = a.name + " is not installed, or not in PATH"
	switch how := installs()[a.name]; {
	case there("node_modules/.bin/" + a.name):
		return text, "it is in node_modules/.bin: run `npx " + a.name + "`, or `node_modules/.bin/" + a.name + "`"
	case there("vendor/bin/" + a.name):
		return text, "it is in vendor/bin: run `vendor/bin/" + a.name + "`"
	case there(".venv/bin/" + a.name):
		return text, "it is in .venv: run `.venv/bin/" + a.name + "`"
	case node != "" && (how == "" || strings.HasPrefix(how, npmDev)):
		return text, node
	case how != "":
		hint = how
	default:
		hint = "install it, or name it by its path"
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, dir := range []string{"go/bin", ".cargo/bin", ".local/bin"} {
			if _, err := os.Stat(filepath.Join(home, filepath.FromSlash(dir), a.name)); err == nil {
				return text, "it is in ~/" + dir + ", which is not in PATH: `export PATH=$PATH:$HOME/" + dir + "`"
			}
		}
	}
	return text, hint
}

// nodeTool is the package manager whose lock file is there.
func nodeTool(there func(...string) bool) string {
	switch {
	case there("pnpm-lock.yaml"):
		return "pnpm"
	case there("yarn.lock"):
		return "yarn"
	case there("bun.lock", "bun.lockb"):
		return "bun"
	}
	return "npm"
}

func nodeInstall(there func(...string) bool) string {
	return "the packages of package.json are not installed: `" + nodeTool(there) + " install`"
}

// pythonInstall says how to get a package. pkg is its name for pip; "" if that is not known, and then only what
// another Python has is advised.
func pythonInstall(a absent, pkg string, there func(...string) bool) string {
	system := there(systemPackages+a.name, systemPackages+a.name+".py") && !strings.HasPrefix(a.by, systemPython)
	switch {
	case pkg == "" && !system:
		return ""
	case there(".venv/bin/python"):
		return "there is a .venv: `PYTHON: .venv/bin/python` under `vars` takes it, or activate it before devloop"
	case there("venv/bin/python"):
		return "there is a venv: `PYTHON: venv/bin/python` under `vars` takes it, or activate it before devloop"
	case system:
		return systemPython + " has it: `PYTHON: " + systemPython + "` under `vars`"
	case there("uv.lock"):
		return "`uv sync`, and `PYTHON: .venv/bin/python` under `vars`"
	case there("poetry.lock"):
		return "`poetry install`, and start devloop by `poetry run devloop`"
	case there("requirements.txt"):
		return "`python3 -m venv .venv && .venv/bin/pip install -r requirements.txt " + pkg + "`, and `PYTHON: .venv/bin/python` under `vars`"
	}
	return "`python3 -m venv .venv && .venv/bin/pip install " + pkg + "`, and `PYTHON: .venv/bin/python` under `vars`"
}

// Where Debian and its kin have the packages of the system's Python.
const (
	systemPython   = "/usr/bin/python3"
	systemPackages = "/usr/lib/python3/dist-packages/"
)

// npmDev begins the advice for programs that are packages of npm.
const npmDev = "`npm install --save-dev "

// installs says how to get programs that development loops use. It is made when somebody
// needs it, which is rare.
func installs() map[string]string {
	all := map[string]string{
		"node": "Node.js is at https://nodejs.org, or in your system's package nodejs", "npm": "it comes with Node.js: https://nodejs.org, or your system's package npm",
		"npx": "it comes with Node.js: https://nodejs.org, or your system's package npm", "pnpm": "`npm install --global pnpm`", "yarn": "`npm install --global yarn`",
		"bun": "https://bun.sh", "deno": "https://deno.com", "go": "https://go.dev/dl, or your system's package golang",
		"cargo": "https://rustup.rs", "rustc": "https://rustup.rs", "uv": "https://docs.astral.sh/uv", "poetry": "`pipx install poetry`",
		"python": "there may be a python3: `PYTHON: python3` under `vars`", "python3": "https://www.python.org, or your system's package python3",
		"ruby": "https://www.ruby-lang.org, or your system's package ruby", "bundle": "`gem install bundler`", "rails": "`gem install rails`, or `bin/rails` of the project", "puma": "`bundle add puma`, and `bundle exec puma`",
		"php": "https://www.php.net, or your system's package php-cli", "composer": "https://getcomposer.org",
		"java": "a JDK: https://adoptium.net, or your system's package default-jdk", "mvn": "use the project's `./mvnw`, or your system's package maven", "gradle": "use the project's `./gradlew`, or https://gradle.org",
		"dotnet": "https://dot.net", "mix": "https://elixir-lang.org, or your system's package elixir", "make": "your system's package make", "git": "your system's package git", "docker": "https://docs.docker.com",
		"hugo": "https://gohugo.io, or your system's package hugo", "zola": "https://www.getzola.org", "watchexec": "`cargo install --locked watchexec-cli`", "tailwind": npmDev + "tailwindcss @tailwindcss/cli`, and run `npx @tailwindcss/cli`",
		"tailwindcss": npmDev + "tailwindcss @tailwindcss/cli`, and run `npx @tailwindcss/cli`; or the program at https://github.com/tailwindlabs/tailwindcss/releases",
		"tsc":         npmDev + "typescript`, and run `npx tsc`", "ng": npmDev + "@angular/cli`, and run `npx ng`", "nest": npmDev + "@nestjs/cli`, and run `npx nest`",
	}
	for name, module := range map[string]string{
		"air": "github.com/air-verse/air", "templ": "github.com/a-h/templ/cmd/templ", "sqlc": "github.com/sqlc-dev/sqlc/cmd/sqlc", "goose": "github.com/pressly/goose/v3/cmd/goose", "swag": "github.com/swaggo/swag/cmd/swag",
		"golangci-lint": "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", "staticcheck": "honnef.co/go/tools/cmd/staticcheck", "gotestsum": "gotest.tools/gotestsum", "wire": "github.com/google/wire/cmd/wire",
		"buf": "github.com/bufbuild/buf/cmd/buf", "mockgen": "go.uber.org/mock/mockgen", "task": "github.com/go-task/task/v3/cmd/task", "dlv": "github.com/go-delve/delve/cmd/dlv", "goimports": "golang.org/x/tools/cmd/goimports", "gofumpt": "mvdan.cc/gofumpt",
	} {
		all[name] = "`go install " + module + "@latest`, with $(go env GOPATH)/bin in PATH"
	}
	for _, name := range []string{"vite", "next", "nuxt", "astro", "nodemon", "tsx", "ts-node", "eslint", "prettier", "esbuild", "vitest", "jest", "mocha", "concurrently", "turbo", "nx", "sass", "postcss", "wrangler"} {
		all[name] = npmDev + name + "`, and run `npx " + name + "`"
	}
	for _, name := range []string{"uvicorn", "gunicorn", "flask", "pytest", "ruff", "mypy", "black", "alembic", "celery", "django-admin", "fastapi", "mkdocs", "hypercorn"} {
		pkg := name
		if name == "django-admin" {
			pkg = "django"
		}
		all[name] = "`python3 -m venv .venv && .venv/bin/pip install " + pkg + "`, and run `.venv/bin/" + name + "`"
	}
	for name, crate := range map[string]string{"just": "just", "bacon": "bacon", "cargo-nextest": "cargo-nextest", "cargo-watch": "cargo-watch", "systemfd": "systemfd", "trunk": "trunk", "sqlx": "sqlx-cli", "diesel": "diesel_cli", "wasm-pack": "wasm-pack"} {
		all[name] = "`cargo install --locked " + crate + "`, with ~/.cargo/bin in PATH"
	}
	return all
}
