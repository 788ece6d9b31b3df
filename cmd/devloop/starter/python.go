package starter

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"devloop/schema/lazyregexp"
)

var (
	asgiApp  = lazyregexp.New(`(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart)\(`)
	flaskApp = lazyregexp.New(`(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:flask\.)?Flask\(|^def (create_app)\(`)
	asgiMade = lazyregexp.New(`(?m)(?:^|[\s.])(?:FastAPI|Starlette|Litestar|Quart)\(`)
	flaskMay = lazyregexp.New(`(?m)(?:^|[\s.])Flask\(`)
	madeApp  = lazyregexp.New(`(?m)^(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:[\w.]+\.)?\w*(?:app|App|application)\w*\(`) // app = create_app(…)
	makesApp = lazyregexp.New(`(?m)^def (\w*(?:app|application)\w*)\(\s*\)`)
	asgiDeps = lazyregexp.New(`(?im)^[\s"']*(fastapi|starlette|litestar|uvicorn|quart)\b`)
	flaskDep = lazyregexp.New(`(?im)^[\s"']*(flask)\b`)
	gunicorn = lazyregexp.New(`(?im)^[\s"']*(gunicorn)\b`)
	pytest   = lazyregexp.New(`(?im)^[\s"']*pytest\b|\[tool\.pytest`)
	oneLine  = lazyregexp.New(`[\[,]\s*(["'])`)
)

// pythonPatterns are what the presets watch.
var pythonPatterns = map[string]string{
	"preset:python-web": "**/{*.py,*.html,*.jinja,*.jinja2,pyproject.toml,requirements.txt}",
	"preset:gunicorn":   "**/{*.py,*.html,*.jinja,*.jinja2,pyproject.toml,requirements.txt}",
	"preset:flask":      "**/{*.py,*.html,pyproject.toml,requirements.txt}",
}

func lookDjango(p *project) (*draft, error) {
	manage := "manage.py"
	if !p.has(manage) {
		below := p.matches("*/manage.py")
		if len(below) != 1 || !slices.ContainsFunc([]string{"pyproject.toml", "requirements.txt", "Pipfile", "setup.py"}, p.has) {
			return nil, nil
		}
		manage = below[0]
	}
	d := &draft{by: "manage.py"}
	d.extends("django", "there is a "+manage)
	d.ignore(".trigger", "__pycache__/")
	if manage != "manage.py" {
		d.set("MANAGE", manage, "")
		d.buildAndTest("The tests are those of "+path.Dir(manage)+".", "", nil,
			[]string{"$PYTHON $MANAGE makemigrations --check --dry-run", "$PYTHON $MANAGE test " + path.Dir(manage)})
	}
	interpreter(d, p)
	if s, m := p.command(djangoSettings); m != nil {
		d.env = append(d.env, entry{key: "DJANGO_SETTINGS_MODULE", value: yamlText(group(m)), comment: s.from})
	}
	if s, m := p.command(runserver); m != nil {
		d.port(m[1], s.from)
	}
	if _, m := p.search(p.sources(".py"), channels); m != nil {
		d.note("It uses channels or daphne: with daphne in INSTALLED_APPS runserver serves ASGI as well. Else `extends: preset:python-web`, with APP the `application` of its asgi.py.")
	}
	return d, nil
}

var (
	djangoSettings = lazyregexp.New(`--settings[=\s]([\w.]+)|DJANGO_SETTINGS_MODULE=([\w.]+)`)
	runserver      = lazyregexp.New(`\brunserver(?:_plus)?\s+(?:-\S+\s+)*(?:[\w.]+:)?(\d{2,5})\b`)
	channels       = lazyregexp.New(`(?m)["'](?:channels|daphne)["']|^\s*from\s+channels\b`)
)

func lookPython(p *project) (*draft, error) {
	deps := ""
	lists := []string{"pyproject.toml", "setup.cfg", "setup.py", "Pipfile"}
	for _, f := range p.sources(".txt", ".in") {
		if requirements.MatchString(f) {
			lists = append(lists, f)
		}
	}
	for _, f := range lists {
		text, err := p.read(f)
		if err != nil {
			return nil, err
		}
		deps += oneLine.ReplaceAllString(text, "\n$1") + "\n" // a dependency a line
	}
	sources := p.sources(".py")
	if strings.TrimSpace(deps) == "" && (len(sources) == 0 || p.has("package.json") || repository{p}.holdsAll(sources)) {
		return nil, nil
	}
	d := &draft{by: "pyproject.toml"}
	d.ignore(".trigger", "__pycache__/")
	asgi, a := p.search(sources, asgiApp)
	if a == nil {
		asgi, a = p.made(sources, asgiMade, "fastapi", "starlette", "litestar", "quart")
	}
	flask, f := p.search(sources, flaskApp)
	if _, may := p.search(sources, flaskMay); may != nil && (f == nil || f[1] == "") {
		// What a factory has made already needs no more to be known.
		if file, m := p.search(untested(sources), madeApp); m != nil {
			flask, f = file, []string{m[0], m[1], ""}
		}
	}
	switch {
	case a == nil && asgiDeps.MatchString(deps) && !flaskDep.MatchString(deps):
		factory, m := p.search(untested(sources), makesApp)
		if _, made := p.search(sources, asgiMade); m == nil || made == nil {
			d.extends("python", "")
			break
		}
		d.extends("python-web", factory+" has a function that makes the app")
		uvicorn(d, p, factory, m[1], "--factory")
	case a != nil && (asgiDeps.MatchString(deps) || strings.TrimSpace(deps) == ""):
		d.extends("python-web", asgi+" makes the app")
		uvicorn(d, p, asgi, a[1], "")
	case f != nil && gunicorn.MatchString(deps):
		d.extends("gunicorn", "the dependencies have gunicorn")
		if f[2] != "" {
			d.set("APP", module(flask)+":create_app()", "")
			d.processes = append(d.processes, entry{key: "server", sub: []entry{{key: "run", value: yamlText(`exec $GUNICORN --workers $WORKERS "$APP"`)}}})
		} else {
			d.set("APP", module(flask)+":"+f[1], "")
		}
		srcLayout(d, flask)
	case f != nil && (flaskDep.MatchString(deps) || strings.TrimSpace(deps) == ""):
		d.extends("flask", flask+" makes the app")
		if p.importsNeighbours(flask) {
			d.set("APP", flask, "the file: it imports what lies beside it")
		} else if m := module(flask); m != "app" {
			d.set("APP", m, "")
			srcLayout(d, flask)
		}
	case p.has("package.json"): // what is served is Node's
		return nil, nil
	case d.script(p, sources):
	default:
		d.extends("python", "")
	}
	interpreter(d, p)
	pythonTests(d, p, deps, sources)
	pythonCommand(d, p)
	switch d.preset() {
	case "python-web":
		d.oneOf(p, untested(sources), asgiApp)
	case "flask", "gunicorn":
		d.oneOf(p, untested(sources), flaskApp)
	}
	if dirs := p.pythonLocal(); len(dirs) > 0 {
		patterns := []string{pythonPatterns[d.top[0].value]}
		for _, dir := range dirs {
			patterns = append(patterns, path.Join(dir, "**/*.py"))
		}
		if patterns[0] != "" {
			check := entry{key: "check", comment: "The preset's pattern, and what this project is built from beside itself.", sub: []entry{{key: "watch", value: flow(patterns)}}}
			d.watchers = slices.Insert(d.watchers, 0, check)
		}
	}
	return d, nil
}

// oneOf says that APP is a guess where several files make an app, and nothing says which is meant.
func (d *draft) oneOf(p *project, sources []string, makes *lazyregexp.Regexp) {
	if slices.ContainsFunc(d.vars, func(v entry) bool { return v.key == "APP" && v.comment != "" }) {
		return
	}
	var files []string
	for f, text := range p.codeOf(sources) {
		if makes.MatchString(text) {
			files = append(files, f)
		}
	}
	if len(files) > 1 {
		d.note("%s make an app: APP, a guess, says which one is served.", listed(files[:min(len(files), 5)], "and"))
	}
}

// uvicorn is the app that uvicorn runs.
func uvicorn(d *draft, p *project, file, name, flags string) {
	if p.importsNeighbours(file) {
		d.set("APP", module(path.Base(file))+":"+name, "")
		d.set("FLAGS", strings.TrimSpace(flags+" --app-dir "+path.Dir(file)), "it imports what lies beside it")
		return
	}
	d.set("APP", module(file)+":"+name, "")
	if flags != "" {
		d.set("FLAGS", flags, "")
	}
	srcLayout(d, file)
}

var (
	uvicornRuns  = lazyregexp.New(`\buvicorn\s+(?:.*\s)?([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)`)
	gunicornRuns = lazyregexp.New(`\bgunicorn\s+(?:.*\s)?["']?([A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?)`)
	flaskRuns    = lazyregexp.New(`\bflask\s+(?:.*\s)?--app[\s=]+["']?([\w./:]+)|FLASK_APP=["']?([\w./:]+)`)
	portFlag     = lazyregexp.New(`--(?:port|listen)[\s=]+["']?(?:[\w.]+:)?(\d{2,5})\b|(?:\s-p|\s--bind|\s-b)[\s=]+["']?(?:[\w.]+:)?(\d{2,5})\b`)
	appDir       = lazyregexp.New(`--app-dir[\s=]+(\S+)`)
	isFactory    = lazyregexp.New(`\s--factory\b`)
)

// pythonCommand prefers what the project says of how it is run to what its sources look like.
func pythonCommand(d *draft, p *project) {
	var s said
	var m []string
	switch d.top[0].value {
	case "preset:python-web":
		if s, m = p.command(uvicornRuns); m != nil {
			var flags []string
			if isFactory.MatchString(s.command) {
				flags = append(flags, "--factory")
			}
			if dir := appDir.FindStringSubmatch(s.command); dir != nil {
				flags = append(flags, "--app-dir "+dir[1])
			}
			if len(flags) > 0 {
				d.set("FLAGS", strings.Join(flags, " "), s.from)
			}
		}
	case "preset:gunicorn":
		s, m = p.command(gunicornRuns)
	case "preset:flask":
		s, m = p.command(flaskRuns)
	}
	if m == nil {
		p.script(d)
		return
	}
	d.set("APP", group(m), s.from)
	if port := portFlag.FindStringSubmatch(s.command); port != nil {
		d.port(group(port), s.from)
	}
}

var (
	fastapiRuns = lazyregexp.New(`\bfastapi\s+(?:dev|run)\s+(?:\S+\s+)*?([\w./-]+\.py)\b`)
	runsApp     = lazyregexp.New(`(?s)\b(?:uvicorn\.run\(\s*(?:["']([\w.]+:[\w.]+)["'])?|\w+\.run\()([^\n]*(?:\n[^\n]*){0,6}?)\)\s*(?:\n|$)`)
	portGiven   = lazyregexp.New(`\bport\s*=\s*(?:int\()?(?:os\.(?:environ\.get|getenv)\(\s*["']\w+["']\s*,\s*)?["']?(\d{2,5})\b`)
	reloads     = lazyregexp.New(`\b(?:reload|use_reloader)\s*=\s*True`)
)

// script takes what a file that starts the server itself says: `fastapi dev FILE`, uvicorn.run(…) and
// app.run(…). devloop starts uvicorn or flask by itself, so nothing of it has to be changed.
func (p *project) script(d *draft) {
	if s, m := p.command(fastapiRuns); m != nil && d.preset() == "python-web" {
		if _, app := p.search([]string{path.Clean(m[1])}, asgiApp); app != nil {
			d.env = slices.DeleteFunc(d.env, func(e entry) bool { return e.key == "PYTHONPATH" })
			uvicorn(d, p, path.Clean(m[1]), app[1], "")
			for i := range d.vars {
				if d.vars[i].key == "APP" {
					d.vars[i].comment = s.from
				}
			}
		}
		if port := portFlag.FindStringSubmatch(s.command); port != nil {
			d.port(group(port), s.from)
		}
		return
	}
	if !slices.Contains([]string{"python-web", "flask"}, d.preset()) {
		return
	}
	for f, text := range p.codeOf(untested(p.sources(".py"))) {
		at := runsApp.FindAllStringSubmatchIndex(text, 1)
		if at == nil {
			continue
		}
		m := runsApp.FindStringSubmatch(text)
		uvicorn := strings.HasPrefix(m[0], "uvicorn")
		if uvicorn != (d.preset() == "python-web") {
			continue
		}
		place := fmt.Sprintf("%s:%d", f, 1+strings.Count(text[:at[0][0]], "\n"))
		if m[1] != "" && !d.is("APP", m[1]) && path.Dir(f) == "." {
			d.set("APP", m[1], "a guess, from "+place)
		}
		if port := portGiven.FindStringSubmatch(m[2]); port != nil && !d.has("PORT") {
			d.port(port[1], "a guess, from "+place)
		}
		if reloads.MatchString(m[2]) {
			d.note("%s asks for a reload: devloop starts the server by itself, without that line. Started by `python %s`, it would restart twice.", place, f)
		}
		return
	}
}

// importsNeighbours tells whether a file below the project's directory imports what lies beside it by
// its bare name, which works only from there.
func (p *project) importsNeighbours(file string) bool {
	dir := path.Dir(file)
	if dir == "." || dir == "src" {
		return false
	}
	text, err := p.read(file)
	if err != nil {
		return false
	}
	for _, other := range p.sources(".py") {
		if path.Dir(other) != dir || other == file {
			continue
		}
		name := strings.TrimSuffix(path.Base(other), ".py")
		for line := range strings.Lines(text) {
			words := strings.Fields(line)
			if len(words) > 1 && (words[0] == "import" || words[0] == "from") && strings.TrimSuffix(words[1], ",") == name {
				return true
			}
		}
	}
	return false
}

var requirements = lazyregexp.New(`^requirements[^/]*\.(?:txt|in)$|^requirements/[^/]+$`)

// untested leaves out what makes an app for tests.
func untested(sources []string) []string {
	return slices.DeleteFunc(slices.Clone(sources), func(f string) bool {
		base := path.Base(f)
		return strings.HasPrefix(f, "tests/") || strings.HasPrefix(f, "test/") || strings.HasPrefix(base, "test_") || base == "conftest.py"
	})
}

// made finds an app that a function of the project's has made, in a file that
// knows one of the libraries, or else in any.
func (p *project) made(sources []string, constructor *lazyregexp.Regexp, libraries ...string) (file string, match []string) {
	if _, m := p.search(sources, constructor); m == nil {
		return "", nil
	}
	sources = untested(sources)
	knows := slices.DeleteFunc(slices.Clone(sources), func(f string) bool {
		text, err := p.read(f)
		return err != nil || !slices.ContainsFunc(libraries, func(l string) bool { return strings.Contains(text, l) })
	})
	if file, m := p.search(knows, madeApp); m != nil {
		return file, m
	}
	return p.search(sources, madeApp)
}

// module is the name by which Python imports a file.
func module(file string) string {
	file = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/__init__"), "src/")
	return strings.ReplaceAll(file, "/", ".")
}

// srcLayout lets Python find a package below src/ that nobody has installed.
func srcLayout(d *draft, file string) {
	if strings.HasPrefix(file, "src/") {
		d.env = append(d.env, entry{key: "PYTHONPATH", value: "src"})
	}
}

// interpreter names the project's own Python, if it is there: here, or where the workspace has it.
func interpreter(d *draft, p *project) {
	for dir := range p.upwards(".") {
		for _, python := range []string{".venv/bin/python", "venv/bin/python"} {
			if at := path.Join(dir, python); p.isFile(at) {
				d.set("PYTHON", at, "")
				return
			}
		}
		if p.isFile(path.Join(dir, "uv.lock")) {
			d.set("PYTHON", path.Join(dir, ".venv/bin/python"), "`uv sync` makes it")
			return
		}
		if p.isFile(path.Join(dir, ".git/HEAD")) {
			break
		}
	}
	switch {
	case p.has("poetry.lock"):
		d.set("PYTHON", "poetry run python", "there is a poetry.lock")
	case p.has("Pipfile"):
		d.set("PYTHON", "pipenv run python", "there is a Pipfile")
	case p.has("pdm.lock"):
		d.set("PYTHON", "pdm run python", "there is a pdm.lock")
	}
}

// pythonLocal are the directories of what a Python project is built from beside itself: what uv and poetry
// have by path, or from the workspace.
func (p *project) pythonLocal() []string {
	text, err := p.read("pyproject.toml")
	if err != nil {
		return nil
	}
	var m struct {
		Tool struct {
			UV struct {
				Sources map[string]any
			}
			Poetry struct {
				Dependencies map[string]any
			}
		}
	}
	if toml.Unmarshal([]byte(text), &m) != nil {
		return nil
	}
	var dirs []string
	for _, deps := range []map[string]any{m.Tool.UV.Sources, m.Tool.Poetry.Dependencies} {
		for _, name := range slices.Sorted(maps.Keys(deps)) {
			table, _ := deps[name].(map[string]any)
			dir, _ := table["path"].(string)
			if workspace, _ := table["workspace"].(bool); workspace {
				dir = p.memberOf(name)
			}
			if dir != "" && !path.IsAbs(dir) && !below(path.Clean(dir), ".") {
				dirs = append(dirs, path.Clean(dir))
			}
		}
	}
	return dirs
}

// memberOf is the directory of a member of the uv workspace above, by its name; "" if there is none.
func (p *project) memberOf(name string) string {
	for dir := range p.upwards(".") {
		if text, err := p.read(path.Join(dir, "pyproject.toml")); err == nil {
			for _, pattern := range uvMembers(text) {
				for _, member := range p.matches(path.Join(dir, pattern)) {
					text, err := p.read(path.Join(member, "pyproject.toml"))
					if m := projectName.FindStringSubmatch(text); err == nil && m != nil && m[1] == name {
						return member
					}
				}
			}
		}
	}
	return ""
}

var projectName = lazyregexp.New(`(?m)^name\s*=\s*["']([\w.-]+)["']`)

// pythonTests says how the project tests itself. The presets bear with a project that
// has no tests yet.
func pythonTests(d *draft, p *project, deps string, sources []string) {
	switch {
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
