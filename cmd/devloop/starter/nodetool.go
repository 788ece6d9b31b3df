package starter

import (
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// nodeTool is a development server that comes as a package: it reloads pages by itself, and can take no
// socket.
type nodeTool struct {
	dep      string // the package
	preset   string // devloop's preset for it
	variable string // the preset's variable with the path of the program; "" where the preset does not run it
	bin      string // the program
	port     string // where it listens by itself
	run      string // its arguments, with which it listens on $PORT
	subs     []string
}

// nodeTools: those that build on another one come first.
var nodeTools = []nodeTool{
	{"next", "next", "NEXT", "next", "3000", "dev --hostname 127.0.0.1 --port $PORT", []string{"dev", ""}},
	{"nuxt", "nuxt", "NUXT", "nuxt", "3000", "dev --host 127.0.0.1 --port $PORT", []string{"dev"}},
	{"astro", "astro", "ASTRO", "astro", "4321", "dev --host 127.0.0.1 --port $PORT", []string{"dev"}},
	{"@angular/cli", "angular", "NG", "ng", "4200", "serve --host 127.0.0.1 --port $PORT", []string{"serve", "s"}},
	{"@react-router/dev", "remix", "REACT_ROUTER", "react-router", "5173", "dev --host 127.0.0.1 --port $PORT", []string{"dev"}},
	{"@remix-run/dev", "remix", "", "remix", "5173", "vite:dev --host 127.0.0.1 --port $PORT", []string{"vite:dev"}},
	{"webpack-dev-server", "dev-server", "", "webpack", "8080", "serve --host 127.0.0.1 --port $PORT", []string{"serve", "s", "server"}},
	{"react-scripts", "dev-server", "", "react-scripts", "3000", "start", []string{"start"}}, // it reads $PORT
	{"@vue/cli-service", "dev-server", "", "vue-cli-service", "8080", "serve --host 127.0.0.1 --port $PORT", []string{"serve"}},
	{"parcel", "dev-server", "", "parcel", "1234", "serve --host 127.0.0.1 --port $PORT", []string{"serve", "", "*"}},
	{"gatsby", "dev-server", "", "gatsby", "8000", "develop --host 127.0.0.1 --port $PORT", []string{"develop"}},
	{"@11ty/eleventy", "dev-server", "", "eleventy", "8080", "--serve --port=$PORT", []string{"--serve"}},
	{"hexo", "dev-server", "", "hexo", "4000", "server --ip 127.0.0.1 --port $PORT", []string{"server", "s"}},
	{"@docusaurus/core", "dev-server", "", "docusaurus", "3000", "start --host 127.0.0.1 --port $PORT --no-open", []string{"start"}},
	{"vitepress", "dev-server", "", "vitepress", "5173", "dev --host 127.0.0.1 --port $PORT", []string{"dev"}},
	{"@rsbuild/core", "dev-server", "", "rsbuild", "3000", "dev --host 127.0.0.1 --port $PORT", []string{"dev", ""}},
	{"@rspack/cli", "dev-server", "", "rspack", "8080", "serve --host 127.0.0.1 --port $PORT", []string{"serve", "dev", "s"}},
	{"vinxi", "dev-server", "", "vinxi", "3000", "dev --host 127.0.0.1 --port $PORT", []string{"dev"}},
	{"wrangler", "dev-server", "", "wrangler", "8787", "dev --ip 127.0.0.1 --port $PORT", []string{"dev"}},
	{"@strapi/strapi", "dev-server", "", "strapi", "1337", "develop", []string{"develop", "dev"}}, // it reads $PORT
	{"rollup", "dev-server", "", "rollup", "8080", "", []string{"*"}},                             // what its configuration starts reads $PORT
	{"vite", "vite", "VITE", "vite", "5173", "--host 127.0.0.1 --port $PORT --strictPort", []string{"", "dev", "serve", "*"}},
}

// rollupStarts is how a configuration of rollup starts the server by the script `start`, as Svelte's template does.
var rollupStarts = lazyregexp.New(`(?s)spawn\(\s*['"](?:npm|pnpm|yarn)['"].*\bstart\b`)

// notServing are what such programs can do besides.
var notServing = []string{"build", "preview", "start", "export", "generate", "check", "watch", "optimize", "sync", "info", "test", "lint"}

// tool is the development server that a job runs; nil if it is none.
func (s scripts) tool(j *job) *nodeTool {
	if len(j.args) == 0 || j.script != "" {
		return nil
	}
	bin, sub := path.Base(j.args[0]), ""
	if len(j.args) > 1 && !strings.HasPrefix(j.args[1], "-") {
		sub = j.args[1]
	}
	for i := range nodeTools {
		t := &nodeTools[i]
		if t.bin != bin && (t.dep != bin || t.dep != "webpack-dev-server") {
			continue
		}
		if _, starts := s.p.search(s.p.matches("rollup.config.*"), rollupStarts); bin == "rollup" && starts == nil {
			return nil
		}
		switch {
		case t.dep == bin && bin == "webpack-dev-server",
			slices.Contains(t.subs, sub), t.bin == "eleventy" && slices.Contains(j.args, "--serve"),
			slices.Contains(t.subs, "*") && !slices.Contains(notServing, sub):
			return t
		}
	}
	return nil
}

// more are the arguments of a script that the draft's own command does not have, and the port among
// them.
func (t *nodeTool) more(d *draft, j *job) (rest []string, port string) {
	if len(j.args) == 0 {
		return nil, ""
	}
	args := j.args[1:]
	if len(args) > 0 && slices.Contains(t.subs, args[0]) && args[0] != "" {
		args = args[1:]
	}
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		next := i+1 < len(args) && !strings.HasPrefix(args[i+1], "-")
		switch flag {
		case "--port", "-p", "-P":
			if !joined && next {
				i++
				value = args[i]
			}
			if isPort(value) {
				port = value
			}
		case "--host", "--hostname", "-H", "--ip":
			if !joined && next {
				i++
			}
		case "--open", "-o":
			if !joined && next && t.bin != "ng" {
				i++
			}
			d.note("%s: `--open` was not taken over: it would open the private port, and not the address that devloop holds.", j.from)
		case "--strictPort", "--serve", "--no-open":
		default:
			rest = append(rest, quotedWord(args[i]))
		}
	}
	return rest, port
}

// command is what runs the tool, with the arguments that a script has besides.
func (t *nodeTool) command(p npmProject, rest []string) string {
	program := p.binary(t.bin)
	if t.variable != "" {
		program = "$" + t.variable
	}
	return strings.Join(append([]string{strings.TrimSpace("exec " + program + " " + t.run)}, rest...), " ")
}

// ownServer drafts a package with a development server.
func (n *nodeDraft) ownServer() {
	d, p, t := n.d, n.p, n.tool
	d.extends(t.preset, "package.json has "+t.dep)
	d.ignore("node_modules/")
	if t.preset == "vite" {
		d.ignore(".trigger")
		slices.Sort(d.ignores) // .trigger first
	}
	if t.variable != "" {
		setBinary(d, p, t.variable, t.bin)
	}
	rest, port := t.more(d, n.job)
	port, from := n.portOf(port)
	if t.port != presetPort(t.preset) && port == "" {
		port, from = t.port, t.bin+"'s own"
		if t.bin == "rollup" {
			from = "a guess: its configuration starts the server"
		}
	}
	if port != "" && port != presetPort(t.preset) {
		d.set("PORT", port, from)
	}
	n.envFiles(n.job)
	var sub []entry
	if t.variable == "" || len(rest)+len(n.job.before)+len(n.job.once) > 0 {
		sub = append(sub, entry{key: "run", value: yamlText(chained(p, slices.Concat(n.job.once, n.job.before), t.command(p, rest))), comment: n.job.from})
	}
	if t.bin == "rollup" {
		sub = append(sub, entry{key: "stop", value: "{signal: SIGINT}", comment: "such a configuration keeps rollup from ending by SIGTERM"})
	}
	if sub = append(sub, n.toolEnv(t, n.job)...); sub != nil {
		d.processes = append(d.processes, entry{key: t.process(), sub: sub})
	}
	var first []string
	if check := typeChecks.FindStringSubmatch(n.m.Scripts["build"]); check != nil && !n.m.typed() {
		first = []string{p.stage(strings.TrimSpace(check[1]))}
	}
	n.besideStages("check", first...)
	if first != nil {
		d.watchers[len(d.watchers)-1].comment = "Vite itself checks no types; `build` does, and so does this."
	}
	n.buildsShared()
	n.noteLost(n.job)
	n.reloadPort()
}

// presetPort is where a preset's server is, unless PORT says otherwise.
func presetPort(preset string) string {
	return presetPorts[strings.TrimPrefix(preset, "preset:")]
}

// presetPorts are the ports of the presets that serve.
var presetPorts = map[string]string{
	"angular": "4200", "astro": "4321", "bun-web": "3000", "deno-web": "8000", "dev-server": "3000", "django": "8000", "dotnet-web": "5000",
	"flask": "5000", "go-web": "3000", "gradle": "8080", "gunicorn": "8000", "hugo": "1313", "laravel": "8000", "maven": "8080", "mkdocs": "8000", "nest": "3000",
	"next": "3000", "node-web": "3000", "nuxt": "3000", "phoenix": "4000", "php-web": "8000", "python-web": "8000", "rails": "3000", "remix": "5173", "ruby-web": "3000",
	"rust-web": "3000", "symfony": "8000", "vite": "5173", "zola": "1111",
}

// process is the name of the preset's process.
func (t *nodeTool) process() string {
	if t.preset == "vite" {
		return "vite"
	}
	return "server"
}

// toolEnv are the variables that a development server gets.
func (n *nodeDraft) toolEnv(t *nodeTool, j *job) []entry {
	env := j.env
	if t.bin == "react-scripts" {
		env = append([]string{"BROWSER=none"}, env...)
	}
	return variables(env)
}

var (
	configPort = lazyregexp.New(`(?s)\b(?:server|devServer)\s*:\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*?\bport\s*:\s*(\d{2,5})\b`)
	ownSocket  = lazyregexp.New(`(?s)\bhmr\s*:\s*\{[^}]*\b(?:port|clientPort)\s*:\s*(\d{2,5})`)
)

// portOf is where people are used to find the page: what the script says, or the configuration.
func (n *nodeDraft) portOf(flag string) (port, from string) {
	if flag != "" {
		return flag, n.job.from
	}
	if port := n.job.portOf(nil); port != "" {
		return port, n.job.from
	}
	if file, m := n.p.search(n.configs(), configPort); m != nil {
		return m[1], "as " + file + " has it"
	}
	return "", ""
}

// configs are the configurations of the development server.
func (n *nodeDraft) configs() []string {
	var files []string
	for _, base := range []string{"vite.config", "nuxt.config", "astro.config", "next.config", "webpack.config", "vue.config"} {
		for _, ext := range []string{".ts", ".js", ".mjs", ".mts", ".cjs"} {
			if n.p.has(base + ext) {
				files = append(files, base+ext)
			}
		}
	}
	return files
}

// reloadPort says where a configuration leads the page's own connection past devloop.
func (n *nodeDraft) reloadPort() {
	if file, m := n.p.search(n.configs(), ownSocket); m != nil {
		n.d.note("%s gives hot reload a port of its own (%s): pages connect there, and not through devloop. Without it they use the address that devloop holds.", file, m[1])
	}
}

// beside adds a development server to a draft that has a server already.
func (n *nodeDraft) beside(name string, j *job, t *nodeTool) {
	d, p := n.d, n.p
	d.ignore("node_modules/")
	rest, port := t.more(d, j)
	own := nodeDraft{d: d, p: p, m: n.m, job: j}
	port, from := own.portOf(port)
	if port == "" {
		port, from = t.port, t.bin+"'s own"
	}
	variable := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name)) + "_PORT"
	d.set(variable, port, from)
	d.sockets = append(d.sockets, entry{key: name, value: "{listen: \"http::${" + variable + "}\", via: proxy, live: false, while_down: page}", comment: "it reloads pages by itself"})
	plain := *t
	plain.variable = ""
	sub := []entry{{key: "run", value: yamlText(chained(p, slices.Concat(j.once, j.before), plain.command(p, rest)))}}
	sub = append(sub, n.toolEnv(t, j)...)
	sub = append(sub, entry{key: "watch", value: `"{package.json,package-lock.json,pnpm-lock.yaml,yarn.lock,bun.lock}"`}, entry{key: "sockets", value: "[" + name + "]"})
	d.processes = append(d.processes, entry{key: name, comment: "Beside the server in " + j.from + ".", sub: sub})
	d.note("%s (%s) is at http://127.0.0.1:%s, and the server at http://127.0.0.1:%s.", name, t.bin, port, d.held())
	p.forwards(d, ".", []holder{{"the server", d.held(), d.binds()}})
	own.reloadPort()
}
