package starter

import (
	"path"
	"regexp"
	"strings"
)

var (
	asgiApp  = regexp.MustCompile(`(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart)\(`)
	flaskApp = regexp.MustCompile(`(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:flask\.)?Flask\(|^def (create_app)\(`)
	asgiDeps = regexp.MustCompile(`(?im)^[\s"']*(fastapi|starlette|litestar|uvicorn|quart)\b`)
	flaskDep = regexp.MustCompile(`(?im)^[\s"']*(flask)\b`)
	gunicorn = regexp.MustCompile(`(?im)^[\s"']*(gunicorn)\b`)
	pytest   = regexp.MustCompile(`(?im)^[\s"']*pytest\b|\[tool\.pytest`)
	oneLine  = regexp.MustCompile(`[\[,]\s*(["'])`)
)

func lookDjango(p *project) (*draft, error) {
	if !p.has("manage.py") {
		return nil, nil
	}
	d := &draft{by: "manage.py"}
	d.extends("django", "there is a manage.py")
	d.ignore(".trigger", "__pycache__/")
	d.interpreter(p)
	return d, nil
}

func lookPython(p *project) (*draft, error) {
	deps := ""
	for _, f := range []string{"pyproject.toml", "requirements.txt", "requirements-dev.txt", "requirements/dev.txt", "requirements/base.txt", "setup.cfg", "setup.py", "Pipfile"} {
		text, err := p.read(f)
		if err != nil {
			return nil, err
		}
		deps += oneLine.ReplaceAllString(text, "\n$1") + "\n" // a dependency a line
	}
	sources := p.sources(".py")
	if strings.TrimSpace(deps) == "" && (len(sources) == 0 || p.has("package.json")) {
		return nil, nil
	}
	d := &draft{by: "pyproject.toml"}
	d.ignore(".trigger", "__pycache__/")
	asgi, a := p.search(sources, asgiApp)
	flask, f := p.search(sources, flaskApp)
	switch {
	case a != nil && (asgiDeps.MatchString(deps) || deps == "\n"):
		d.extends("python-web", asgi+" makes the app")
		d.set("APP", module(asgi)+":"+a[1], "")
		d.srcLayout(asgi)
	case f != nil && gunicorn.MatchString(deps):
		d.extends("gunicorn", "the dependencies have gunicorn")
		if f[2] != "" {
			d.set("APP", module(flask)+":create_app()", "")
			d.processes = append(d.processes, entry{key: "server", sub: []entry{{key: "run", value: yamlText(`exec $GUNICORN --workers $WORKERS "$APP"`)}}})
		} else {
			d.set("APP", module(flask)+":"+f[1], "")
		}
		d.srcLayout(flask)
	case f != nil && (flaskDep.MatchString(deps) || strings.TrimSpace(deps) == ""):
		d.extends("flask", flask+" makes the app")
		if m := module(flask); m != "app" {
			d.set("APP", m, "")
		}
		d.srcLayout(flask)
	case p.has("package.json"): // what is served is Node's
		return nil, nil
	default:
		d.extends("python", "")
	}
	d.interpreter(p)
	d.tests(p, deps, sources)
	return d, nil
}

// module is the name by which Python imports a file.
func module(file string) string {
	file = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/__init__"), "src/")
	return strings.ReplaceAll(file, "/", ".")
}

// srcLayout lets Python find a package below src/ that nobody has installed.
func (d *draft) srcLayout(file string) {
	if strings.HasPrefix(file, "src/") {
		d.env = append(d.env, entry{key: "PYTHONPATH", value: "src"})
	}
}

// interpreter names the project's own Python, if it is there.
func (d *draft) interpreter(p *project) {
	for _, python := range []string{".venv/bin/python", "venv/bin/python"} {
		if p.has(python) {
			d.set("PYTHON", python, "")
			return
		}
	}
	switch {
	case p.has("uv.lock"):
		d.set("PYTHON", ".venv/bin/python", "`uv sync` makes it")
	case p.has("poetry.lock"):
		d.set("PYTHON", "poetry run python", "")
	}
}

// tests says how the project tests itself. A runner that finds no test fails,
// so where there is none only the compiler runs.
func (d *draft) tests(p *project, deps string, sources []string) {
	found := false
	for _, f := range sources {
		base := path.Base(f)
		found = found || strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py")
	}
	switch {
	case !found:
		d.watchers = append(d.watchers, entry{key: "check", comment: "No tests were found: add `- $PYTHON -m $TEST` when there are some.", sub: []entry{
			{key: "stages", value: stages("$PYTHON -m compileall -q -x 'venv|node_modules' .")},
		}})
	case pytest.MatchString(deps) || p.has("pytest.ini") || p.has("conftest.py") || p.has("tests/conftest.py"):
		d.set("TEST", "pytest -q", "")
	case p.has("tests/__init__.py") || !anyIn(sources, "tests/"):
	default:
		d.set("TEST", "unittest discover tests", "")
	}
}

func anyIn(files []string, dir string) bool {
	for _, f := range files {
		if strings.HasPrefix(f, dir) {
			return true
		}
	}
	return false
}
