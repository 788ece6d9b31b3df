package preset

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// A project is a folder that extends a preset, and how it is tried.
type project struct {
	preset, dir string
	needs       []string // commands, "python:MODULE", and "file:PATH"
	fetch       []string // the command that brings what the project is made of
	vars        map[string]string

	edit     string // the file that is edited; "" if the loop is not tried
	old, new string // and what is replaced in it: the page shows the one, then the other, or the tests then fail
	serves   bool   // it has a page
	long     bool   // only the long run tries its loop: another project shows the preset's
}

const (
	hello   = "Hello, World!"
	goodbye = "Hello, Team!"
)

// debianMaven is one of the plugins that Maven needs for a jar.
const debianMaven = "file:/usr/share/maven-repo/org/apache/maven/plugins/maven-jar-plugin"

var npmInstall = []string{"npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"}

var projects = []project{
	{preset: "rust", dir: "testdata/rust", needs: []string{"cargo", "cargo-clippy"}, edit: "src/lib.rs", old: "a + b", new: "a - b"},
	{preset: "rust-web", dir: "../../examples/rust-std", needs: []string{"cargo", "cargo-clippy"}, edit: "src/main.rs", old: hello, new: goodbye, serves: true, long: true},
	{preset: "go", dir: "testdata/go", needs: []string{"go"}, edit: "sum.go", old: "a + b", new: "a - b"},
	{preset: "go-web", dir: "../../examples/go-http", needs: []string{"go"}, edit: "main.go", old: hello, new: goodbye, serves: true, long: true},
	{preset: "node", dir: "testdata/node", needs: []string{"npm"}, edit: "sum.js", old: "a + b", new: "a - b"},
	{preset: "node-web", dir: "../../examples/node-http", needs: []string{"npm"}, vars: map[string]string{"VIA": "inherit"}, edit: "app.js", old: hello, new: goodbye, serves: true, long: true},
	{preset: "node-web", dir: "testdata/node-web", needs: []string{"npm"}, vars: map[string]string{"MAIN": "app.js"}, edit: "app.js", old: hello, new: goodbye, serves: true},
	{preset: "vite", dir: "testdata/vite", needs: []string{"npm"}, edit: "src/main.js", old: "document.body", new: "document..body"}, // its checks
	{preset: "vite", dir: "../../examples/node-vite", needs: []string{"npm"}, fetch: []string{"npm", "ci", "--no-audit", "--no-fund"}, edit: "index.html", old: hello, new: goodbye, serves: true},
	{preset: "dev-server", dir: "testdata/dev-server", needs: []string{"npm"}, edit: "index.html", old: hello, new: goodbye, serves: true},
	{preset: "next", dir: "testdata/next", needs: []string{"npm"}, fetch: npmInstall, edit: "app/page.js", old: hello, new: goodbye, serves: true, long: true},
	{preset: "astro", dir: "testdata/astro", needs: []string{"npm"}, fetch: npmInstall, edit: "src/pages/index.astro", old: hello, new: goodbye, serves: true, long: true},
	{preset: "nuxt", dir: "testdata/nuxt", needs: []string{"npm"}, fetch: npmInstall, edit: "app/app.vue", old: hello, new: goodbye, serves: true, long: true},
	{preset: "angular", dir: "testdata/angular"},
	{preset: "bun-web", dir: "testdata/bun-web"},
	{preset: "deno-web", dir: "testdata/deno-web", needs: []string{"npm"}, fetch: npmInstall, vars: map[string]string{"DENO": "node_modules/.bin/deno"}, edit: "main.ts", old: hello, new: goodbye, serves: true, long: true},
	{preset: "dotnet-web", dir: "testdata/dotnet-web"},
	{preset: "hugo", dir: "testdata/hugo", needs: []string{"hugo"}, edit: "content/_index.md", old: hello, new: goodbye, serves: true, long: true},
	{preset: "mkdocs", dir: "testdata/mkdocs", needs: []string{"mkdocs"}, edit: "docs/index.md", old: hello, new: goodbye, serves: true, long: true},
	{preset: "nest", dir: "testdata/nest", needs: []string{"npm"}, fetch: npmInstall, edit: "src/main.ts", old: hello, new: goodbye, serves: true, long: true},
	{preset: "phoenix", dir: "testdata/phoenix"},
	{preset: "rails", dir: "testdata/rails"},
	{preset: "zola", dir: "testdata/zola"},
	{preset: "remix", dir: "testdata/remix"},
	{preset: "python", dir: "testdata/python", needs: []string{"python3"}, edit: "sum.py", old: "a + b", new: "a - b - 1"},
	{preset: "python-web", dir: "testdata/python-web", needs: []string{"python:uvicorn"}, edit: "main.py", old: hello, new: goodbye, serves: true},
	{preset: "gunicorn", dir: "testdata/gunicorn", needs: []string{"gunicorn", "python3"}, edit: "wsgi.py", old: hello, new: goodbye, serves: true},
	{preset: "flask", dir: "testdata/flask", needs: []string{"python:flask"}, edit: "app.py", old: hello, new: goodbye, serves: true},
	{preset: "django", dir: "testdata/django", needs: []string{"python:django"}, edit: "urls.py", old: hello, new: goodbye, serves: true},
	{preset: "ruby-web", dir: "testdata/ruby-web", needs: []string{"ruby", "puma"}, vars: map[string]string{"PUMA": "puma", "TEST": "ruby greeting_test.rb"}, edit: "greeting.rb", old: hello, new: goodbye, serves: true},
	{preset: "php-web", dir: "testdata/php-web", needs: []string{"php"}, edit: "greeting.php", old: hello, new: goodbye, serves: true},
	{preset: "laravel", dir: "testdata/laravel", needs: []string{"php"}, edit: "greeting.php", old: hello, new: goodbye, serves: true, long: true},
	{preset: "symfony", dir: "testdata/symfony", needs: []string{"php"}, edit: "greeting.php", old: hello, new: goodbye, serves: true, long: true},
	{preset: "maven", dir: "testdata/maven", needs: []string{"mvn", "javac", debianMaven}, vars: map[string]string{"MAVEN": "mvn --quiet --settings settings.xml -Dmaven.repo.local=.m2"}, edit: "src/main/java/Server.java", old: hello, new: goodbye, serves: true},
	{preset: "gradle", dir: "testdata/gradle", needs: []string{"gradle", "javac"}, vars: map[string]string{"GRADLE": "gradle --quiet --offline --gradle-user-home .gradle-home"}, edit: "src/main/java/Server.java", old: hello, new: goodbye, serves: true, long: true},
	{preset: "docs", dir: "testdata/docs", needs: []string{"python3"}, vars: map[string]string{"BUILD": "sh build.sh"}, edit: "docs/index.md", old: hello, new: goodbye, serves: true},
	{preset: "procfile", dir: "testdata/procfile", needs: []string{"python3"}, vars: map[string]string{"WEB": "python3 bin/web.py", "WORKER": "sh bin/worker.sh"}, edit: "bin/web.py", old: hello, new: goodbye, serves: true},
}

// TestProjectsCheck holds what one line of `extends` makes of a project: no
// mistake, no warning, and a graph.
func TestProjectsCheck(t *testing.T) {
	for _, p := range projects {
		t.Run(p.preset, func(t *testing.T) {
			t.Parallel()
			dir := p.copied(t, "0")
			out, err := devloop(t, dir, "check").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "devloop.yaml: ok") {
				t.Errorf("devloop check: %v\n%s", err, out)
			}
			if out, err := devloop(t, dir, "graph").CombinedOutput(); err != nil || len(out) == 0 {
				t.Errorf("devloop graph: %v\n%s", err, out)
			}
		})
	}
}

// TestProjectsRun runs the stages of every project once; where there is no
// page, an edit that breaks a test must then fail.
func TestProjectsRun(t *testing.T) {
	for _, p := range projects {
		if p.edit == "" || p.serves {
			continue
		}
		t.Run(p.preset, func(t *testing.T) {
			t.Parallel()
			p.requires(t)
			dir := p.copied(t, "0")
			if out, err := devloop(t, dir, "run").CombinedOutput(); err != nil {
				t.Fatalf("devloop run: %v\n%s", err, out)
			}
			p.change(t, dir)
			out, err := devloop(t, dir, "run").CombinedOutput()
			if code := exitCode(err); code != 1 {
				t.Errorf("after an edit that breaks a test devloop run ends with %d, want 1\n%s", code, out)
			}
		})
	}
}

// TestNoTestsYet holds that a project without a test passes: both runners of
// Python's then end with 5. What fails does not.
func TestNoTestsYet(t *testing.T) {
	t.Parallel()
	p := project{preset: "python", dir: "testdata/python", needs: []string{"python3"}, vars: map[string]string{"TEST": "runner"}}
	p.requires(t)
	for end, want := range map[string]int{"5": 0, "0": 0, "1": 1, "2": 1} {
		dir := p.copied(t, "0")
		write(t, filepath.Join(dir, "runner.py"), "raise SystemExit("+end+")\n")
		out, err := devloop(t, dir, "run").CombinedOutput()
		if code := exitCode(err); code != want {
			t.Errorf("a runner that ends with %s: devloop run ends with %d, want %d\n%s", end, code, want, out)
		}
	}
}

// TestProjectsServe runs the loop of every project that has a page: the page
// answers, an edit shows, every request meanwhile is answered, and the end is
// clean.
func TestProjectsServe(t *testing.T) {
	for _, p := range projects {
		if !p.serves || p.long && !testenv.Long() {
			continue
		}
		t.Run(p.preset, func(t *testing.T) {
			t.Parallel()
			p.requires(t)
			notInherited(t)
			port := testenv.FreePort()
			dir := p.copied(t, port)
			if len(p.fetch) > 0 {
				looptest.Fetch(t, dir, p.fetch...)
			}
			l := looptest.Start(t, dir, port)
			l.Shows(t, p.old)
			p.change(t, dir)
			l.Turns(t, p.old, p.new)
			l.Interrupt(t)
		})
	}
}

// requires skips a test on a machine that lacks something.
func (p *project) requires(t *testing.T) {
	t.Helper()
	for _, need := range p.needs {
		module, isModule := strings.CutPrefix(need, "python:")
		found := ""
		if file, ok := strings.CutPrefix(need, "file:"); ok {
			if _, err := os.Stat(file); err == nil {
				found = file
			}
		} else if isModule {
			for _, python := range []string{"python3", "/usr/bin/python3"} {
				if exec.Command(python, "-c", "import "+module).Run() == nil {
					found = python
					break
				}
			}
			vars := map[string]string{"PYTHON": found}
			for name, value := range p.vars {
				vars[name] = value
			}
			p.vars = vars
		} else {
			found, _ = exec.LookPath(need)
		}
		testenv.Need(t, need, found != "")
	}
}

// copied returns a copy of the project, out of the repository's sight, whose
// devloop.yaml is an `extends` and the variables.
func (p *project) copied(t *testing.T, port string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	for _, built := range []string{"target", "bin/server", ".trigger", "go.sum", "node_modules"} {
		if err := os.RemoveAll(filepath.Join(dir, built)); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "extends: preset:%s\nvars:\n", p.preset)
	vars := []string{"PORT: " + port}
	for name, value := range p.vars {
		vars = append(vars, fmt.Sprintf("%s: %q", name, value))
	}
	slices.Sort(vars)
	for _, v := range vars {
		b.WriteString("  " + v + "\n")
	}
	write(t, filepath.Join(dir, "devloop.yaml"), b.String())
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil && slices.Contains(p.needs, "go") {
		write(t, filepath.Join(dir, "go.mod"), "module example\n\ngo 1.26\n")
	}
	return dir
}

func (p *project) change(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(p.edit))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), p.old) {
		t.Fatalf("no %q in %s", p.old, p.edit)
	}
	write(t, file, strings.ReplaceAll(string(text), p.old, p.new))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
