package starter

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// manifest is what is read of a package.json.
type manifest struct {
	Main            string            `json:"main"`
	PackageManager  string            `json:"packageManager"`
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]any    `json:"dependencies"`
	DevDependencies map[string]any    `json:"devDependencies"`
}

func (m *manifest) has(dep string) bool {
	_, ok := m.Dependencies[dep]
	_, dev := m.DevDependencies[dep]
	return ok || dev
}

var nodeServers = []string{"express", "fastify", "koa", "@hapi/hapi", "@nestjs/core", "hono", "polka", "restify"}

// nodeTool is a development server that comes as a package.
type nodeTool struct{ dep, preset, name, bin, run string }

// nodeTools have a development server of their own: it reloads pages by itself,
// and can take no socket. bin is the program, and name the preset's variable with its path; without a
// preset of its own run says how it listens on $PORT.
var nodeTools = []nodeTool{
	{"next", "next", "NEXT", "next", ""},
	{"nuxt", "nuxt", "NUXT", "nuxt", ""},
	{"astro", "astro", "ASTRO", "astro", ""},
	{"@angular/cli", "angular", "NG", "ng", ""},
	{"@react-router/dev", "remix", "REACT_ROUTER", "react-router", ""},
	{"@remix-run/dev", "remix", "REACT_ROUTER", "remix", "vite:dev --host 127.0.0.1 --port $PORT"},
	{"webpack-dev-server", "dev-server", "", "webpack", "serve --host 127.0.0.1 --port $PORT"},
	{"react-scripts", "dev-server", "", "react-scripts", "start"}, // it reads $PORT
	{"@vue/cli-service", "dev-server", "", "vue-cli-service", "serve --host 127.0.0.1 --port $PORT"},
	{"parcel", "dev-server", "", "parcel", "serve --host 127.0.0.1 --port $PORT"},
	{"gatsby", "dev-server", "", "gatsby", "develop --host 127.0.0.1 --port $PORT"},
	{"@11ty/eleventy", "dev-server", "", "eleventy", "--serve --port=$PORT"},
}

var (
	nodeListening = listening{
		takes:  compiled(`fd:\s*\d|LISTEN_FDS|DEVLOOP_FD`),
		reads:  compiled(`process\.env(?:\.PORT|\[['"]PORT['"]\])\)?(?:\s*(?:\|\||\?\?)\s*['"]?(\d{2,5}))?`),
		fixed:  compiled(`\.listen\(\s*(\d{2,5})\b|(?i:port)\s*[:=]\s*(\d{4,5})\b`),
		hint:   "listen with `server.listen({ fd: 3 })`",
		preset: "proxy",
	}
	nodeListens = compiled(`\.listen\(`)
	typeChecks  = compiled(`^\s*((?:vue-)?tsc\b[^&;|]*)`)
	nodeRuns    = compiled(`(?:^|&&|;)\s*(?:cross-env\s+\S+\s+)*(?:node|nodemon|tsx(?:\s+watch)?|ts-node(?:-dev)?|node-dev)\s+(?:-{1,2}\S+\s+)*([\w./@-]+)`)
)

func lookNode(p *project) (*draft, error) {
	if !p.has("package.json") {
		return nil, nil
	}
	src, err := p.read("package.json")
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal([]byte(src), &m); err != nil {
		return nil, fmt.Errorf("read package.json: %w", err)
	}
	d := &draft{by: "package.json"}
	server := slices.IndexFunc(nodeServers, m.has)
	tool := slices.IndexFunc(nodeTools, func(t nodeTool) bool { return m.has(t.dep) })
	if tool >= 0 && slices.ContainsFunc([]string{"dev", "develop", "start", "serve"}, func(script string) bool {
		return strings.Contains(m.Scripts[script], nodeTools[tool].bin)
	}) {
		server = -1 // what people run is the tool
	}
	file := m.server(p)
	sources := p.sources(".js", ".mjs", ".cjs", ".ts", ".mts")
	_, listens := p.search(sources, nodeListens)
	switch {
	case m.has("@nestjs/core") && m.has("@nestjs/cli"):
		d.extends("nest", "package.json has @nestjs/core")
		d.ignore("node_modules/", "dist/")
		setBinary(d, p, "NEST", "nest")
		if entry, ok := strings.CutPrefix(m.Scripts["start:prod"], "node "); ok && path.Clean(entry) != "dist/main" && path.Clean(entry) != "dist/main.js" {
			d.set("MAIN", path.Clean(entry), "as `start:prod` has it")
		}
		listening := nodeListening
		listening.never = true
		d.address(p, sources, listening)
	case server >= 0 || listens != nil && file != "" && !m.has("vite") && tool < 0:
		why := "package.json has a script that runs a server"
		if server >= 0 {
			why = "package.json has " + nodeServers[server]
		}
		nodeServer(d, p, &m, file, why, sources)
	case tool >= 0:
		ownServer(d, p, nodeTools[tool])
	case m.has("vite"):
		d.extends("vite", "package.json has vite")
		d.ignore(".trigger", "node_modules/")
		setBinary(d, p, "VITE", "vite")
		if check := typeChecks.FindStringSubmatch(m.Scripts["build"]); check != nil && m.Scripts["typecheck"] == "" {
			d.watchers = append(d.watchers, entry{key: "check", comment: "Vite itself checks no types; `build` does, and so does this.", sub: []entry{
				{key: "stages", value: stages("$NPM run --if-present lint", "node_modules/.bin/"+strings.TrimSpace(check[1]), "$NPM run --if-present test")},
			}})
		}
	default:
		d.extends("node", "")
		d.ignore("node_modules/")
		ownStages(d, &m, "lint", "build", "test")
	}
	packageManager(d, p, &m)
	return d, nil
}

// server is the file that the start scripts run.
func (m *manifest) server(p *project) string {
	for _, script := range []string{"dev", "start", "serve", "develop"} {
		if run := nodeRuns.FindStringSubmatch(m.Scripts[script]); run != nil {
			file := path.Clean(run[1])
			for _, f := range []string{file, file + ".js", path.Join(file, "index.js")} {
				if p.has(f) {
					return f
				}
			}
		}
	}
	for _, f := range []string{path.Clean("./" + m.Main), "server.js", "src/server.js", "index.js", "src/index.js", "app.js", "src/app.js", "server.ts", "src/server.ts", "src/index.ts", "src/main.ts", "index.ts"} {
		if p.has(f) {
			return f
		}
	}
	return ""
}

func nodeServer(d *draft, p *project, m *manifest, file, why string, sources []string) {
	d.extends("node-web", why)
	d.ignore(".trigger", "node_modules/")
	switch {
	case file == "":
		d.note("No file was found that listens: set MAIN in devloop.yaml.")
	case path.Ext(file) == ".ts" || path.Ext(file) == ".mts":
		typescript(d, m, file)
	default:
		if file != "server.js" {
			d.set("MAIN", file, "")
		}
		ownStages(d, m, "lint", "test")
	}
	d.address(p, sources, nodeListening)
}

// typescript runs the sources where a tool for it is there, and else what the
// build makes of them.
func typescript(d *draft, m *manifest, file string) {
	var tests []string
	for _, script := range []string{"lint", "typecheck", "test"} {
		if m.useful(script) {
			tests = append(tests, "$NPM run "+script)
		}
	}
	if !m.useful("typecheck") && m.has("typescript") {
		tests = append([]string{"node_modules/.bin/tsc --noEmit"}, tests...)
	}
	var run string
	switch {
	case m.has("tsx"):
		run = "node --import tsx $MAIN"
	case m.has("ts-node"):
		run = "node --require ts-node/register $MAIN"
	case nodeRuns.MatchString(m.Scripts["start"]) && m.useful("build"): // what the build writes
		d.set("MAIN", path.Clean(nodeRuns.FindStringSubmatch(m.Scripts["start"])[1]), "what `build` writes, as `start` has it")
		d.buildAndTest("", yamlText(tsSources), []string{"$NPM run build"}, tests)
		return
	default:
		run = "node --experimental-strip-types $MAIN"
	}
	d.set("MAIN", file, "")
	d.buildAndTest("Nothing is built: the server runs the sources, and one that does not start leaves the old one up.", yamlText(tsSources), []string{"test -f $MAIN"}, tests)
	d.processes = append(d.processes, entry{key: "server", sub: []entry{{key: "run", value: yamlText(run)}}})
}

const tsSources = "**/*.{ts,mts,js,json}"

// useful reports whether there is a script that does something: `npm init`
// writes a test that always fails.
func (m *manifest) useful(script string) bool {
	return m.Scripts[script] != "" && !strings.Contains(m.Scripts[script], "no test specified")
}

// ownStages replaces the preset's stages if one of them could only fail.
func ownStages(d *draft, m *manifest, scripts ...string) {
	if m.Scripts["test"] == "" || m.useful("test") {
		return
	}
	if d.top[0].value == "preset:node-web" {
		if m.Scripts["lint"] == "" {
			d.set("TESTS", "off", "package.json has none")
			return
		}
		d.watchers = append(d.watchers, entry{key: "tests", comment: noTest, sub: []entry{{key: "stages", value: "\n- {run: $NPM run lint, nice: 10}"}}})
		return
	}
	var own []string
	for _, s := range scripts {
		if s != "test" {
			own = append(own, "$NPM run --if-present "+s)
		}
	}
	d.watchers = append(d.watchers, entry{key: "check", comment: noTest, sub: []entry{{key: "stages", value: stages(own...)}}})
}

const noTest = "Without `test`, which package.json has as `npm init` wrote it: it always fails."

// ownServer runs a development server that reloads pages itself.
func ownServer(d *draft, p *project, t nodeTool) {
	d.extends(t.preset, "package.json has "+t.dep)
	d.ignore("node_modules/")
	if t.run == "" {
		setBinary(d, p, t.name, t.bin)
		return
	}
	d.processes = append(d.processes, entry{key: "server", sub: []entry{{key: "run", value: yamlText("exec " + p.binary(t.bin) + " " + t.run)}}})
}

// setBinary names a program of a package where it is not the project's own node_modules that has it,
// but those of the workspace.
func setBinary(d *draft, p *project, variable, bin string) {
	if at := p.binary(bin); at != "node_modules/.bin/"+bin {
		d.set(variable, at, "the workspace's")
	}
}

// setBinary is the path of a package's program: the nearest node_modules that has it, or else where
// an install will put it.
func (p *project) binary(bin string) string {
	own := "node_modules/.bin/" + bin
	for dir := "."; ; dir = path.Join(dir, "..") {
		at := path.Join(dir, own)
		if p.isFile(at) {
			return at
		}
		if !p.canRise(dir) {
			return own
		}
	}
}

// packageManager says which one the lock file, here or in the workspace, is of.
func packageManager(d *draft, p *project, m *manifest) {
	name, _, _ := strings.Cut(m.PackageManager, "@")
	for dir := "."; name == ""; dir = path.Join(dir, "..") {
		for _, lock := range []struct{ file, manager string }{
			{"package-lock.json", "npm"}, {"pnpm-lock.yaml", "pnpm"}, {"yarn.lock", "yarn"}, {"bun.lock", "bun"}, {"bun.lockb", "bun"},
		} {
			if name == "" && p.isFile(path.Join(dir, lock.file)) {
				name = lock.manager
			}
		}
		if !p.canRise(dir) || p.isFile(path.Join(dir, ".git/HEAD")) {
			break
		}
	}
	if name != "" && name != "npm" {
		d.set("NPM", name, "")
	}
}
