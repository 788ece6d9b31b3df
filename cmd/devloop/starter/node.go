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

// nodeTools have a development server of their own: it reloads by itself, and
// can take no socket.
var nodeTools = []struct{ dep, run string }{
	{"next", "node_modules/.bin/next dev --port $PORT"},
	{"nuxt", "node_modules/.bin/nuxt dev --port $PORT"},
	{"astro", "node_modules/.bin/astro dev --port $PORT"},
	{"webpack-dev-server", "node_modules/.bin/webpack serve --port $PORT"},
	{"react-scripts", "node_modules/.bin/react-scripts start"}, // it reads $PORT
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
	file := m.server(p)
	sources := p.sources(".js", ".mjs", ".cjs", ".ts", ".mts")
	_, listens := p.search(sources, nodeListens)
	switch {
	case server >= 0 || listens != nil && file != "" && !m.has("vite"):
		why := "package.json has a script that runs a server"
		if server >= 0 {
			why = "package.json has " + nodeServers[server]
		}
		d.nodeServer(p, &m, file, why, sources)
	case m.has("vite"):
		d.extends("vite", "package.json has vite")
		d.ignore(".trigger", "node_modules/")
		if check := typeChecks.FindStringSubmatch(m.Scripts["build"]); check != nil && m.Scripts["typecheck"] == "" {
			d.watchers = append(d.watchers, entry{key: "check", comment: "Vite itself checks no types; `build` does, and so does this.", sub: []entry{
				{key: "stages", value: stages("$NPM run --if-present lint", "node_modules/.bin/"+strings.TrimSpace(check[1]), "$NPM run --if-present test")},
			}})
		}
	default:
		if i := slices.IndexFunc(nodeTools, func(t struct{ dep, run string }) bool { return m.has(t.dep) }); i >= 0 {
			d.nodeTool(nodeTools[i].dep, nodeTools[i].run)
			break
		}
		d.extends("node", "")
		d.ignore("node_modules/")
		d.ownStages(&m, "lint", "build", "test")
	}
	if p.has("pnpm-lock.yaml") {
		d.set("NPM", "pnpm", "")
	}
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

func (d *draft) nodeServer(p *project, m *manifest, file, why string, sources []string) {
	d.extends("node-web", why)
	d.ignore(".trigger", "node_modules/")
	switch {
	case file == "":
		d.note("No file was found that listens: set MAIN in devloop.yaml.")
	case path.Ext(file) == ".ts" || path.Ext(file) == ".mts":
		d.typescript(m, file)
	default:
		if file != "server.js" {
			d.set("MAIN", file, "")
		}
		d.ownStages(m, "lint", "test")
	}
	d.address(p, sources, nodeListening)
}

// typescript runs the sources where a tool for it is there, and else what the
// build makes of them.
func (d *draft) typescript(m *manifest, file string) {
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
func (d *draft) ownStages(m *manifest, scripts ...string) {
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

// nodeTool is a development server without a preset.
func (d *draft) nodeTool(dep, run string) {
	d.comment("%s reloads pages by itself; devloop holds its address, and runs the checks beside it.", dep)
	d.ignore("node_modules/")
	d.set("PORT", "3000", "")
	d.set("NPM", "npm", "")
	d.sockets = append(d.sockets, entry{key: "web", sub: []entry{
		{key: "listen", value: "http::${PORT}"}, {key: "via", value: "proxy", comment: dep + " cannot take a socket"}, {key: "live", value: "false"},
	}})
	d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
		{key: "watch", value: yamlText("**/*.{js,jsx,ts,tsx,mjs,json}")}, {key: "ignore", value: yamlText("**/{node_modules,.next,.nuxt,dist}/**")},
		{key: "stages", value: stages("$NPM run --if-present lint", "$NPM run --if-present typecheck")},
	}})
	d.processes = append(d.processes, entry{key: "server", sub: []entry{
		{key: "run", value: yamlText(run)}, {key: "watch", value: yamlText("{package.json,package-lock.json,pnpm-lock.yaml}"), comment: "new packages need a start"}, {key: "sockets", value: "[web]"},
	}})
}
