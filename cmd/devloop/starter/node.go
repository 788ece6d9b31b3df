package starter

import (
	"path"
	"slices"

	"devloop/schema/lazyregexp"
)

var nodeServers = []string{"express", "fastify", "koa", "@hapi/hapi", "@nestjs/core", "hono", "polka", "restify"}

var (
	nodeListening = listening{
		takes:  lazyregexp.New(`fd:\s*\d|LISTEN_FDS|DEVLOOP_FD`),
		reads:  lazyregexp.New(`process\.env(?:\.PORT|\[['"]PORT['"]\])\)?(?:\s*(?:\|\||\?\?)\s*['"]?(\d{2,5}))?`),
		fixed:  lazyregexp.New(`\.listen\(\s*(\d{2,5})\b|(?i:port)\s*[:=]\s*(\d{4,5})\b`),
		hint:   "listen with `server.listen({ fd: 3 })`",
		preset: "proxy",
	}
	nodeListens = lazyregexp.New(`\.listen\(`)
	typeChecks  = lazyregexp.New(`^\s*((?:vue-)?tsc\b[^&;|]*)`)
)

// devScripts are what projects call the script of the loop, the best first.
var devScripts = []string{"dev", "start:dev", "develop", "dev:server", "server:dev", "serve", "server", "watch", "start:watch", "start", "local"}

// dev finds the script that people run, and what it keeps running: the first that has a server that is
// known. besides are compilers of the others that only follow the sources.
func (s scripts) dev() (jobs, besides []job) {
	for _, name := range devScripts {
		jobs = s.jobs(name)
		for i := range jobs {
			if s.serves(&jobs[i]) {
				return jobs, besides
			}
		}
		if name != "start" {
			for _, j := range jobs {
				if watchesFiles.MatchString(j.text) || compilesOnWatch.MatchString(j.text) {
					besides = append(besides, j)
				}
			}
		}
	}
	return nil, besides
}

var compilesOnWatch = lazyregexp.New(`\s-w(?:\s|$)`)

// serves tells whether a job runs a file, a development server, or another package's script.
func (s scripts) serves(j *job) bool {
	if j.script != "" {
		return s.p.isFile(path.Join(j.dir, "package.json"))
	}
	copied := *j
	return s.tool(j) != nil || j.dir == "" && copied.nodeRun(s.p) != nil
}

func lookNode(at *project) (*draft, error) {
	p := npmProject{at}
	m, err := p.manifestIn(".")
	if err != nil {
		return nil, err
	}
	if m == nil {
		return lookProgram(p), nil
	}
	if d, err := lookWorkspace(p, m); d != nil || err != nil {
		return d, err
	}
	if d := lookNx(p, m); d != nil {
		return d, nil
	}
	d := &draft{by: "package.json"}
	n := &nodeDraft{d: d, p: p, m: m, scripts: scripts{p, m}}
	jobs, besides := n.scripts.dev()
	n.choose(jobs)
	n.others = append(n.others, besides...)
	sources := p.sources(".js", ".mjs", ".cjs", ".ts", ".mts")
	server := slices.IndexFunc(nodeServers, m.has)
	_, listens := p.search(sources, nodeListens)
	byDependency := slices.IndexFunc(nodeTools, func(t nodeTool) bool { return m.has(t.dep) && t.dep != "rollup" })
	switch {
	case m.has("@nestjs/core") && m.has("@nestjs/cli"):
		n.nest(sources)
	case n.run != nil && (server >= 0 || listens != nil || n.job.name == "" && byDependency < 0):
		why := "package.json has a script that runs a server"
		if server >= 0 {
			why = "package.json has " + nodeServers[server]
		}
		n.server(why, sources)
	case n.tool != nil:
		n.ownServer()
	case server >= 0:
		n.server("package.json has "+nodeServers[server], sources)
	case byDependency >= 0:
		n.tool, n.job = &nodeTools[byDependency], &job{}
		n.ownServer()
	case listens != nil && m.server(p) != "":
		n.server("package.json has a script that runs a server", sources)
	case len(jobs) > 0: // of other packages
		d.ignore("node_modules/")
	default:
		n.library()
	}
	if len(d.top) > 0 {
		packageManager(d, p, m)
	}
	if err := n.rest(); err != nil {
		return nil, err
	}
	return d, nil
}

// lookProgram drafts a program in a directory of a package that is further up, as in collections of examples;
// nil if there is none.
func lookProgram(p npmProject) *draft {
	file := ""
	for _, f := range p.sources(".js", ".mjs", ".cjs", ".ts", ".mts") {
		if text, err := p.read(f); err == nil && path.Dir(f) == "." && nodeListens.MatchString(code(f, text)) && !testFile.MatchString(f) {
			file = f
			break
		}
	}
	for dir := ".."; file != "" && p.canRise(path.Join(dir, "x")); dir = path.Join(dir, "..") {
		m, err := p.manifestIn(dir)
		if err != nil {
			return nil
		}
		if m == nil {
			continue
		}
		d := &draft{by: path.Join(dir, "package.json")}
		n := &nodeDraft{d: d, p: p, m: &manifest{Main: file, Dependencies: m.Dependencies, DevDependencies: m.DevDependencies}}
		n.server(file+" listens; the package is "+d.by+"'s", []string{file})
		packageManager(d, p, m)
		return d
	}
	return nil
}

// testFile is the name of a test.
var testFile = lazyregexp.New(`(?:^|[./_-])(?:test|spec)s?\.[cm]?[jt]s$`)

// lookNx drafts the root of an nx workspace whose applications are no packages with scripts; nil where
// there are none.
func lookNx(p npmProject, m *manifest) *draft {
	apps := p.nxApps()
	if len(apps) == 0 {
		return nil
	}
	var options []string
	for _, a := range apps {
		options = append(options, a.name+" ("+a.dir+")")
	}
	at, _ := p.tools.choose("Which application is served?", options)
	app := apps[at]
	d := &draft{by: "nx.json"}
	d.extends("dev-server", "nx.json, and "+path.Join(app.dir, "project.json"))
	d.ignore("node_modules/", ".nx/")
	run := "exec " + p.binary("nx") + " serve " + app.name
	if !app.node {
		run += " --port $PORT"
	}
	if port := map[bool]string{true: "3000", false: "4200"}[app.node]; port != presetPort("dev-server") {
		d.set("PORT", port, "nx's own")
	}
	d.processes = append(d.processes, entry{key: "server", sub: []entry{
		{key: "run", value: yamlText(run)},
		{key: "env", value: `{NX_DAEMON: "false", NX_TUI: "false"}`, comment: "nothing of it stays behind, and the screen is devloop's"},
	}})
	(&nodeDraft{d: d, p: p, m: m}).besideStages("check")
	if len(apps) > 1 {
		d.note("nx has %s. %s was taken: `nx serve` in devloop.yaml says which one.", listed(options, "and"), app.name)
	}
	packageManager(d, p, m)
	return d
}

// server is the file that a package without a script for it listens in.
func (m *manifest) server(p npmProject) string {
	for _, f := range []string{path.Clean("./" + m.Main), "server.js", "src/server.js", "index.js", "src/index.js", "app.js", "src/app.js", "server.ts", "src/server.ts", "src/index.ts", "src/main.ts", "index.ts"} {
		if p.has(f) {
			return f
		}
	}
	return ""
}
