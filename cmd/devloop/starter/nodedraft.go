package starter

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"devloop/schema/dotenv"
)

// nodeDraft is the draft of one package.
type nodeDraft struct {
	d       *draft
	p       npmProject
	m       *manifest
	scripts scripts

	job    *job      // what people run, as far as it is known
	run    *nodeRun  // it, if it is a file that Node runs
	tool   *nodeTool // it, if it is a development server
	others []job     // what runs beside it
	parts  []*part   // packages below that run beside it
}

// choose finds the server among what the script runs: a file of Node's before a development server,
// which then runs beside it.
func (n *nodeDraft) choose(jobs []job) {
	at := -1
	for i := range jobs {
		j := &jobs[i]
		if j.dir != "" || n.run != nil {
			continue
		}
		if tool := n.scripts.tool(j); tool != nil {
			if at < 0 {
				at, n.tool = i, tool
			}
			continue
		}
		if run := j.nodeRun(n.p); run != nil {
			at, n.run, n.tool = i, run, nil
		}
	}
	if at < 0 {
		n.others = jobs
		return
	}
	n.job = &jobs[at]
	n.others = slices.Concat(jobs[:at], jobs[at+1:])
}

// server drafts one that restarts.
func (n *nodeDraft) server(why string, sources []string) {
	d, p, m := n.d, n.p, n.m
	d.extends("node-web", why)
	d.ignore(".trigger", "node_modules/")
	var file, from string
	switch {
	case n.run != nil:
		file, from = n.run.file, n.job.from
	case m.server(p) != "":
		n.job, file = &job{}, m.server(p)
		n.run = &nodeRun{file: file, loader: m.loader(file)}
		if from = "package.json, main"; path.Clean("./"+m.Main) != file || !p.has("package.json") {
			from = n.listensAt(file)
		}
		if len(m.Scripts) > 0 {
			n.unknown()
		}
	default:
		n.job, n.run = &job{}, &nodeRun{file: "server.js"}
		if file, from = n.program(sources); file == "" {
			d.note("No file was found that listens: set MAIN in devloop.yaml.")
			n.unknown()
			break
		}
		n.run = &nodeRun{file: file, loader: m.loader(file)}
		sources = []string{file}
	}
	if file != "" && file != "server.js" {
		d.set("MAIN", file, from)
	}
	if path.Ext(file) == "" && file != "" {
		sources = append(sources, file) // bin/www
	}
	port := n.job.portOf(n.run.args)
	n.setStages(file, sources)
	n.buildsShared()
	n.setServer()
	d.address(p.project, sources, nodeListening)
	d.dropSyntax()
	if port != "" && len(d.sockets) == 0 {
		d.set("PORT", port, from)
	} else if port := samplePortOf(p.project); port != "" && len(d.sockets) == 0 {
		d.set("PORT", port, "as the sample of .env has it")
	}
	n.noteLost(n.job)
}

// program is the file that listens, of those that no script names: the one that people choose, or the first.
func (n *nodeDraft) program(sources []string) (file, from string) {
	var files []string
	for _, f := range sources {
		if text, err := n.p.read(f); err == nil && nodeListens.MatchString(code(f, text)) && !testFile.MatchString(f) {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return "", ""
	}
	at, asked := n.p.tools.choose("Which file is the server?", files)
	if len(files) > 1 && !asked {
		n.d.note("%d files listen, and no script of package.json names one: MAIN says which. In the directory of another, `devloop init` makes it a loop of its own.", len(files))
	}
	return files[at], n.listensAt(files[at])
}

// listensAt says that a file is taken for the server because it listens.
func (n *nodeDraft) listensAt(file string) string {
	text, err := n.p.read(file)
	if err != nil {
		return "a guess"
	}
	text = code(file, text)
	at := nodeListens.FindStringIndex(text)
	if at == nil {
		return "a guess, by its name"
	}
	return fmt.Sprintf("a guess, from %s:%d", file, 1+strings.Count(text[:at[0]], "\n"))
}

// unknown says which script was not understood, so that MAIN is a guess.
func (n *nodeDraft) unknown() {
	for _, name := range devScripts {
		if n.m.Scripts[name] != "" {
			n.d.note("package.json, script %s: `%s` does not tell which file listens, so MAIN is a guess.", name, n.m.Scripts[name])
			return
		}
	}
}

// loader is the package by which a file of TypeScript is run, where no script tells.
func (m *manifest) loader(file string) string {
	switch {
	case !typescriptFile(file):
		return ""
	case m.has("tsx"):
		return "tsx"
	case m.has("ts-node"):
		return "ts-node"
	}
	return "strip"
}

func typescriptFile(file string) bool {
	return slices.Contains([]string{".ts", ".mts", ".cts", ".tsx"}, path.Ext(file))
}

const tsSources = "**/*.{ts,mts,js,json}"

// setStages says what is built, and what is checked.
func (n *nodeDraft) setStages(file string, sources []string) {
	d, p, m := n.d, n.p, n.m
	tests := m.checks(d, p)
	typed := m.has("typescript") && (typescriptFile(file) || len(p.sources(".ts", ".mts")) > 0)
	var build []string
	why := ""
	for _, b := range n.job.before {
		build = append(build, p.stage(b))
	}
	n.others = slices.DeleteFunc(n.others, func(j job) bool { // a compiler is a stage
		stage, ok := m.compiles(p, &j)
		if ok && stage != "" {
			build = append(build, stage)
		}
		return ok
	})
	switch {
	case len(build) > 0:
		why = "What `" + strings.TrimPrefix(n.job.from, "package.json, script ") + "` does before the server starts."
	case file != "" && !p.isFile(file) && m.useful("build"):
		build, why = []string{"$NPM run build"}, "`build` writes what the server runs."
	case typescriptFile(file) && p.isFile("node_modules/.bin/esbuild") && p.binds(sources, nodeListening):
		d.syntax("node_modules/.bin/esbuild $MAIN --bundle --packages=external --platform=node --log-level=error --outfile=/dev/null", "true")
	case typescriptFile(file):
		why = "Nothing is built: the server runs the sources."
		d.syntax("test -f $MAIN", "")
	case path.Ext(file) == "" || n.run.program != "":
		d.syntax("test -f $MAIN", "")
	case p.binds(sources, nodeListening):
		d.syntax(otherNode(p.node()), "true")
	default:
		d.syntax(otherNode(p.node()), "")
	}
	if len(build) > 0 { // it finds what is wrong
		d.syntax("", "false")
	}
	if typed && !m.typed() && !slices.ContainsFunc(build, m.checksTypes) {
		tests = append([]string{p.binary("tsc") + " --noEmit"}, tests...)
	}
	ending := "**/*.{js,mjs,cjs,json}"
	if typed || typescriptFile(file) {
		ending = tsSources
	}
	n.job.watch.paths = slices.DeleteFunc(slices.Clone(n.job.watch.paths), func(at string) bool { // what is built
		return slices.Contains([]string{"dist", "build", "lib", "out"}, path.Clean(at)) && below(file, path.Clean(at))
	})
	watch := n.job.watch.patterns(p)
	if watch == nil && n.fronts() {
		if top, _, deep := strings.Cut(file, "/"); deep && top != "src" { // not the page's sources
			watch = []string{top + "/" + ending, "{shared,common}/" + ending, "package.json"}
			if len(p.matches("shared"))+len(p.matches("common")) == 0 {
				watch = slices.Delete(watch, 1, 2)
			}
		}
	}
	shared := p.sharedPatterns()
	if watch == nil && (ending == tsSources || shared != nil) {
		watch = []string{ending}
	}
	if watch = append(watch, shared...); shared != nil {
		why = strings.TrimSpace(why + " The last patterns are packages of the workspace that this one is built from.")
	}
	written := ""
	if len(watch) > 0 {
		written = flow(watch)
	}
	more := len(n.job.once) > 0 || len(n.job.watch.ignored()) > 0
	if written == "" && build == nil && !more && len(tests) == 0 {
		d.set("TESTS", "off", noChecks) // all else is as the preset has it
		return
	}
	if written == "" && build == nil && more {
		d.watchers = append(d.watchers, entry{key: "check"})
	}
	d.buildAndTest(why, written, build, tests)
	check := slices.IndexFunc(d.watchers, func(w entry) bool { return w.key == "check" })
	if ignore := n.job.watch.ignored(); len(ignore) > 0 {
		d.watchers[check].sub = slices.Insert(d.watchers[check].sub, 0, entry{key: "ignore", value: "!append [" + strings.Join(ignore, ", ") + "]"})
	}
	if len(n.job.once) > 0 {
		d.watchers[check].sub = slices.Insert(d.watchers[check].sub, 0, entry{key: "depends_on", value: "[prepare]"})
		d.watchers = slices.Insert(d.watchers, check, n.prepare())
	}
}

// otherNode checks a file's syntax by another Node than the preset's; "" for that.
func otherNode(node string) string {
	if node == "node" {
		return ""
	}
	return node + " --check $MAIN"
}

// prepare is the watcher of what runs once before the server, and again with other packages.
func (n *nodeDraft) prepare() entry {
	watch := []string{"package.json"}
	if len(n.p.matches("prisma/schema.prisma")) > 0 {
		watch = append(watch, "prisma/schema.prisma")
	}
	var once []string
	for _, command := range n.job.once {
		once = append(once, n.p.stage(command))
	}
	return entry{key: "prepare", comment: "What " + n.job.from + ", runs once before the server.", sub: []entry{
		{key: "watch", value: flow(watch)}, {key: "stages", value: stages(once...)},
	}}
}

// checksTypes tells whether a stage is the compiler, which finds wrong types by itself.
func (m *manifest) checksTypes(stage string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(stage, "$NPM run "), " ")
	return strings.Contains(stage, "tsc") || strings.HasPrefix(stage, "$NPM run ") && strings.Contains(m.Scripts[name], "tsc")
}

// fronts tells whether a development server runs beside.
func (n *nodeDraft) fronts() bool {
	return slices.ContainsFunc(n.others, func(j job) bool { return n.scripts.tool(&j) != nil })
}

const noChecks = "package.json has no lint, typecheck or test"

// compiles tells whether a job only compiles whenever a source changes, and the stage that does it
// once; it is "" for one that only checks.
func (m *manifest) compiles(p npmProject, j *job) (stage string, ok bool) {
	if len(j.args) == 0 || j.dir != "" {
		return "", false
	}
	switch path.Base(j.args[0]) {
	case "tsc", "swc", "babel", "tsup", "tsc-watch", "tspc":
	case "jest", "vitest":
		return "", true // the tests run beside
	default:
		return "", false
	}
	var words []string
	for _, a := range j.args[1:] {
		flag, _, _ := strings.Cut(a, "=")
		if !slices.Contains([]string{"-w", "--watch", "--preserveWatchOutput"}, flag) {
			words = append(words, quotedWord(a))
		}
	}
	if slices.Contains(words, "--noEmit") {
		return "", true
	}
	return strings.TrimSpace(p.binary(path.Base(j.args[0])) + " " + strings.Join(words, " ")), true
}

// patterns are what a script's own watcher follows, as devloop writes it; nil for everything.
func (w watching) patterns(p npmProject) []string {
	exts := w.exts
	if len(exts) == 0 && len(w.paths) > 0 {
		exts = []string{"js", "mjs", "cjs", "ts", "mts", "json"}
	}
	if len(exts) == 0 {
		return nil
	}
	ending := "*." + exts[0]
	if len(exts) > 1 {
		ending = "*.{" + strings.Join(exts, ",") + "}"
	}
	if len(w.paths) == 0 {
		return []string{"**/" + ending}
	}
	var all []string
	for _, at := range w.paths {
		at = path.Clean(strings.Trim(at, `'"`))
		switch {
		case strings.ContainsAny(at, "*{["), p.isFile(at), path.Ext(at) != "" && at != "." && at != "..":
			all = append(all, at)
		case at == ".":
			all = append(all, "**/"+ending)
		default:
			all = append(all, at+"/**/"+ending)
		}
	}
	return append(all, "package.json")
}

// ignored are the patterns that a script's own watcher leaves out, as they are written within
// brackets.
func (w watching) ignored() []string {
	var all []string
	for _, i := range w.ignore {
		i = path.Clean(strings.Trim(i, `'"`))
		if strings.HasPrefix(i, "node_modules") || strings.HasPrefix(i, "**/node_modules") || strings.HasPrefix(i, ".git") {
			continue // the preset's
		}
		all = append(all, inFlow(i))
	}
	return all
}

// setServer says how the server is started, where that is not the preset's way.
func (n *nodeDraft) setServer() {
	d, p := n.d, n.p
	n.run.flags = append(n.envFiles(n.job), n.run.flags...)
	var sub []entry
	if command := n.run.command(p, "$MAIN"); command != "node $MAIN" {
		sub = append(sub, entry{key: "run", value: yamlText(command), comment: n.job.from})
	}
	sub = append(sub, variables(n.job.env)...)
	if n.run.inspect {
		sub = append(sub, entry{key: "update", value: "stop-first", comment: "the debugger has one port"})
	}
	switch signal := n.job.watch.signal; signal {
	case "", "SIGUSR2":
	default:
		sub = append(sub, entry{key: "stop", value: "{signal: " + inFlow(signal) + "}"})
	}
	if sub != nil {
		d.processes = append(d.processes, entry{key: "server", sub: sub})
	}
}

// variables are NAME=value texts as an env.
func variables(env []string) []entry {
	var vars []entry
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars = slices.DeleteFunc(vars, func(v entry) bool { return v.key == name }) // the last one wins
		vars = append(vars, entry{key: name, value: reference(value)})
	}
	if vars == nil {
		return nil
	}
	return []entry{{key: "env", sub: vars}}
}

// envFiles hands the files of variables that a script names to devloop. Node's flag stays for one
// that devloop reads otherwise.
func (n *nodeDraft) envFiles(j *job) (flags []string) {
	var own []string
	for _, file := range j.files {
		text, err := n.p.read(file)
		if _, mistakes := dotenv.Parse([]byte(text)); err != nil || len(mistakes) > 0 {
			flags = append(flags, "--env-file="+file)
			continue
		}
		if file = path.Clean(file); !slices.Contains(own, file) {
			own = append(own, file)
		}
	}
	if len(own) == 0 || len(own) == 1 && own[0] == ".env" && (n.p.has(".env") || envSample(n.p.project) != "") {
		return flags // setEnvFile has it
	}
	n.d.top = append(n.d.top, entry{key: "env_file", value: flow(own), comment: "as " + j.from + " has it"})
	return flags
}

// noteLost says what of a job was not understood.
func (n *nodeDraft) noteLost(j *job) {
	for _, lost := range j.lost {
		n.d.note("%s: %s was not taken over.", j.from, lost)
	}
}

// nest drafts Nest's loop: the compiler stays up.
func (n *nodeDraft) nest(sources []string) {
	d, p, m := n.d, n.p, n.m
	n.others = nil
	d.extends("nest", "package.json has @nestjs/core")
	d.ignore("node_modules/", "dist/")
	setBinary(d, p, "NEST", "nest")
	if entry, ok := strings.CutPrefix(m.Scripts["start:prod"], "node "); ok && path.Clean(entry) != "dist/main" && path.Clean(entry) != "dist/main.js" {
		d.set("MAIN", path.Clean(entry), "as `start:prod` has it")
	}
	n.besideStages("tests")
	n.monorepo()
	listening := nodeListening
	listening.never = true
	d.address(p.project, sources, listening)
}

// monorepo finds which of several programs of Nest's is built without a name.
func (n *nodeDraft) monorepo() {
	text, err := n.p.read("nest-cli.json")
	if err != nil || text == "" {
		return
	}
	var c struct {
		Monorepo bool
		Root     string
		Projects map[string]struct{ Type, Root string }
	}
	if json.Unmarshal([]byte(withoutJSONComments(text)), &c) != nil || !c.Monorepo || c.Root == "" {
		return
	}
	n.d.set("MAIN", path.Join("dist", c.Root, "main.js"), "as nest-cli.json has it")
	for _, name := range slices.Sorted(maps.Keys(c.Projects)) {
		if other := c.Projects[name]; other.Type == "application" && other.Root != c.Root {
			n.d.note("nest-cli.json has %s besides: a compiler (`exec $NEST build %s --watch`) and a process of %s would run it.", name, name, path.Join("dist", other.Root, "main.js"))
		}
	}
}

// besideStages gives the watcher of a preset those checks that package.json has.
func (n *nodeDraft) besideStages(watcher string, first ...string) {
	checks := slices.Concat(first, n.m.checks(n.d, n.p))
	if len(checks) == 0 {
		n.d.set("TESTS", "off", noChecks)
		return
	}
	var list strings.Builder
	for _, c := range checks {
		list.WriteString("\n- {run: " + inFlow(c) + ", nice: 10}")
	}
	n.d.watchers = append(n.d.watchers, entry{key: watcher, sub: []entry{{key: "stages", value: list.String()}}})
}

// library drafts a package that serves nothing.
func (n *nodeDraft) library() {
	n.d.extends("node", "")
	n.d.ignore("node_modules/")
	checks := n.m.checks(n.d, n.p)
	if n.m.useful("build") {
		checks = append(checks, "$NPM run build")
		if tests := len(checks) - 2; n.m.useful("test") && tests >= 0 && strings.Contains(checks[tests], "test") { // built first
			checks[tests], checks[tests+1] = checks[tests+1], checks[tests]
		}
	}
	if len(checks) > 0 {
		n.d.watchers = append(n.d.watchers, entry{key: "check", sub: []entry{{key: "stages", value: stages(checks...)}}})
	}
	for _, j := range n.others {
		if j.script == "" && !watchesFiles.MatchString(j.text) && !compilesOnWatch.MatchString(j.text) {
			n.d.note("%s: `%s` is no server that is known, so devloop.yaml does not run it; a process of it would.", j.from, j.text)
		}
	}
	n.others = nil
}

// rest adds what runs beside the server: a front end, workers, other packages.
func (n *nodeDraft) rest() error {
	for i := range n.others {
		j := &n.others[i]
		if j.script != "" || j.dir != "" {
			if err := n.elsewhere(j); err != nil {
				return err
			}
			continue
		}
		if _, ok := n.m.compiles(n.p, j); ok && n.run == nil {
			continue // what it writes, or checks, is the development server's own
		}
		name := n.name(j)
		if tool := n.scripts.tool(j); tool != nil {
			n.beside(name, j, tool)
			continue
		}
		p := entry{key: name, comment: fmt.Sprintf("Beside it in %s.", j.from)}
		switch run := j.nodeRun(n.p); {
		case run != nil:
			run.flags = append(n.envFiles(j), run.flags...)
			p.sub = append(p.sub, entry{key: "run", value: yamlText(chained(n.p, slices.Concat(j.once, j.before), run.command(n.p, run.file)))}, entry{key: "watch", value: ".trigger"})
			if n.run == nil {
				p.sub[len(p.sub)-1].value = flow(append(j.watch.patterns(n.p), "**/*.{js,mjs,cjs,ts,json}")[:1])
			}
		case len(j.args) > 0:
			words := slices.Clone(j.args)
			for i := range words {
				words[i] = quotedWord(words[i])
			}
			words[0] = n.p.program(j.args[0])
			p.sub = append(p.sub, entry{key: "run", value: yamlText(chained(n.p, slices.Concat(j.once, j.before), strings.Join(words, " ")))})
			if watchesFiles.MatchString(j.text) || compilesOnWatch.MatchString(j.text) {
				p.sub = append(p.sub, entry{key: "pty", value: "true", comment: "such watchers end when their input does"})
			}
		default:
			n.d.note("%s: `%s` was not understood, and is not in devloop.yaml.", j.from, j.text)
			continue
		}
		p.sub = append(p.sub, variables(j.env)...)
		n.d.processes = append(n.d.processes, p)
		n.noteLost(j)
	}
	switch {
	case len(n.parts) > 0 && n.d.hasServer():
		n.d.includeParts(n.parts, holder{"the server", n.d.held(), n.d.binds()})
	case len(n.parts) > 0:
		n.d.includeParts(n.parts)
	}
	return nil
}

// name is a node's for a job.
func (n *nodeDraft) name(j *job) string {
	name := j.name
	for _, prefix := range []string{"dev:", "start:", "watch:", "serve:", "npm:"} {
		name = strings.TrimPrefix(name, prefix)
	}
	if name == "" && len(j.args) > 0 {
		name = path.Base(j.args[0])
	}
	name = nodeName(name)
	switch {
	case slices.Contains([]string{"web", "vite", "server"}, name) && n.scripts.tool(j) != nil: // names of the presets
		return "front"
	case slices.Contains([]string{"server", "check", "tests", "vite"}, name):
		return name + "-2"
	}
	return name
}

// chained is a command behind what runs before it.
func chained(p npmProject, before []string, command string) string {
	var all []string
	for _, b := range before {
		all = append(all, p.stage(b))
	}
	return strings.Join(append(all, command), " && ")
}

// buildsShared builds packages that this one uses as built, if no loop above does.
func (n *nodeDraft) buildsShared() {
	if !n.p.included {
		n.p.builds(n.d, n.p.shared(), "$NPM")
	}
}
