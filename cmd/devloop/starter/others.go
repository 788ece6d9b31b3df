package starter

import (
	"fmt"
	"path"
	"strings"

	"devloop/schema/lazyregexp"
)

var (
	denoServes  = lazyregexp.New(`Deno\.serve\(|export\s+default\s+(?:app|\{\s*fetch)|\.listen\(`)
	denoRuns    = lazyregexp.New(`deno\s+(?:run|serve)\s+(?:-\S+\s+)*([\w./@-]+\.(?:tsx?|jsx?|mjs))`)
	denoServing = lazyregexp.New(`deno\s+serve\s`)
	bunServes   = lazyregexp.New(`Bun\.serve\(|new Elysia\(|export\s+default\s+(?:app|\{)`)
	bunRuns     = lazyregexp.New(`\bbun\s+(?:run\s+)?(?:--\S+\s+)*([\w./@-]+\.(?:tsx?|jsx?|mjs))`)
	webSDK      = lazyregexp.New(`Sdk="Microsoft\.NET\.Sdk\.(?:Web|BlazorWebAssembly)"`)
	phoenix     = lazyregexp.New(`\{\s*:phoenix\s*,`)
	readsEnv    = lazyregexp.New(`get_env\("PORT"\)|env!\("PORT"\)`)
)

// lookDeno finds a server of Deno's by its configuration.
func lookDeno(p *project) (*draft, error) {
	file := "deno.json"
	if !p.has(file) {
		file = "deno.jsonc"
	}
	if !p.has(file) {
		return nil, nil
	}
	d := &draft{by: file}
	main := ""
	runs, m := p.command(denoRuns)
	if m != nil {
		main = path.Clean(m[1])
	} else if found, m := p.search(p.sources(".ts", ".tsx", ".js"), denoServes); m != nil {
		main = found
	}
	if main == "" {
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
			{key: "watch", value: yamlText("**/{*.{ts,tsx,js,jsx},deno.json,deno.jsonc}")}, {key: "stages", value: stages("deno check .", "deno test --permit-no-files --allow-all")},
		}})
		return d, nil
	}
	d.extends("deno-web", main+" serves")
	if main != "main.ts" {
		d.set("MAIN", main, runs.from)
	}
	if m != nil && denoServing.MatchString(runs.command) {
		d.processes = append(d.processes, entry{key: "server", sub: []entry{{key: "run", value: yamlText("exec $DENO serve --host 127.0.0.1 --port $PORT $PERMISSIONS $MAIN")}}})
		return d, nil
	}
	d.address(p, p.sources(".ts", ".tsx", ".js"), denoListening)
	return d, nil
}

var denoListening = listening{
	takes:  lazyregexp.New(`DEVLOOP_FD|LISTEN_FDS`),
	reads:  lazyregexp.New(`env\.get\("PORT"\)\)?(?:\s*(?:\|\||\?\?)\s*['"]?(\d{2,5}))?`),
	fixed:  lazyregexp.New(`port\s*:\s*(\d{2,5})\b`),
	hint:   "listen on `Number(Deno.env.get(\"PORT\"))`",
	preset: "proxy", never: true,
}

// lookBun finds a server of Bun's: a lock file of Bun's, and sources or a script that serve with it.
func lookBun(p *project) (*draft, error) {
	if !p.has("package.json") || !p.has("bun.lock") && !p.has("bun.lockb") && !p.has("bunfig.toml") {
		return nil, nil
	}
	sources := p.sources(".ts", ".tsx", ".js", ".jsx", ".mjs")
	file, serves := p.search(sources, bunServes)
	if serves == nil || !strings.Contains(serves[0], "Bun") && !strings.Contains(serves[0], "Elysia") {
		return nil, nil
	}
	d := &draft{by: "package.json"}
	d.extends("bun-web", file+" serves")
	d.ignore(".trigger", "node_modules/")
	why := ""
	if s, m := p.command(bunRuns); m != nil && p.has(path.Clean(m[1])) {
		file, why = path.Clean(m[1]), s.from
	}
	if file != "index.ts" {
		d.set("MAIN", file, why)
	}
	d.address(p, sources, bunListening)
	return d, nil
}

var bunListening = listening{
	takes:  lazyregexp.New(`DEVLOOP_FD|LISTEN_FDS`),
	reads:  lazyregexp.New(`(?:process|Bun|import\.meta)\.env\.PORT\)?(?:\s*(?:\|\||\?\?)\s*['"]?(\d{2,5}))?`),
	fixed:  lazyregexp.New(`port\s*:\s*(\d{2,5})\b|\.listen\(\s*(\d{2,5})\b`),
	hint:   "leave the port out: Bun.serve listens on $PORT",
	preset: "proxy", never: true,
}

// lookDotnet finds a project of ASP.NET.
func lookDotnet(p *project) (*draft, error) {
	var found []string
	for _, file := range p.sources(".csproj", ".fsproj") {
		text, err := p.read(file)
		if err != nil {
			return nil, err
		}
		if webSDK.MatchString(text) {
			found = append(found, file)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	at, asked := p.tools.choose("Which project is the server?", found)
	file, why := found[at], ""
	if len(found) > 1 && !asked {
		why = fmt.Sprintf("a guess: the first of %d of the web SDK", len(found))
	}
	d := &draft{by: file}
	d.extends("dotnet-web", file+" is of the web SDK")
	d.ignore(".trigger", "bin/", "obj/")
	if dir := path.Dir(file); dir != "." {
		d.set("PROJECT", dir, why)
	}
	return d, nil
}

// lookPhoenix finds Phoenix.
func lookPhoenix(p *project) (*draft, error) {
	text, err := p.read("mix.exs")
	if err != nil || !phoenix.MatchString(text) {
		return nil, err
	}
	d := &draft{by: "mix.exs"}
	d.extends("phoenix", "mix.exs has phoenix")
	config, err := p.read("config/dev.exs")
	if err != nil {
		return nil, err
	}
	if !readsEnv.MatchString(config) {
		d.sockets = append(d.sockets, entry{key: "web", comment: "config/dev.exs does not read $PORT, so Phoenix binds 4000 by itself. devloop holds the next port, and forwards.", sub: []entry{
			{key: "listen", value: "http::4001"}, {key: "to", value: "127.0.0.1:4000"},
		}})
		d.note("Open http://127.0.0.1:4001. To hold port 4000 itself: `port: String.to_integer(System.get_env(\"PORT\") || \"4000\")` in config/dev.exs, and take `sockets` out of devloop.yaml.")
	}
	return d, nil
}
