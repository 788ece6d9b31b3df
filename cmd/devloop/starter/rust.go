package starter

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

var rustWeb = []string{"axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "hyper", "tonic", "ntex", "rouille", "tiny_http"}

var rustListening = listening{
	takes:  lazyregexp.New(`listenfd|ListenFd|from_raw_fd|LISTEN_FDS|sd_listen_fds|tokio_listener`),
	reads:  lazyregexp.New(`var(?:_os)?\(\s*"PORT"\s*\)(?:[^;]{0,80}?(\d{4,5}))?`),
	fixed:  lazyregexp.New(`"(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]):(\d{2,5})"|\(\s*"[^"]*"\s*,\s*(\d{4,5})\s*\)|\]\s*,\s*(\d{4,5})\s*\)`),
	hint:   "take it with the listenfd crate, as `devloop help sockets` shows",
	preset: "inherit",
}

func lookRust(at *project) (*draft, error) {
	if !at.has("Cargo.toml") {
		return nil, nil
	}
	p := &rustProject{at}
	tree, err := p.cargoTree()
	if err != nil {
		return nil, err
	}
	d := &draft{by: "Cargo.toml"}
	d.ignore(".trigger")
	if below(tree.target, ".") {
		d.ignore("/" + tree.target + "/")
	}
	for _, n := range tree.notes {
		d.note("%s", n)
	}
	if servers := p.rustServers(tree); len(servers) > 0 {
		if said, _ := p.command(cargoRuns); said.command == "" {
			servers = p.chosenServer(servers)
		}
		rustLoop(d, p, tree, servers)
		return d, nil
	}
	d.extends("rust", "")
	switch deps := p.outside(tree, tree.crates); {
	case len(tree.crates) > 1 && !tree.member():
		watch := append([]string{"**/*.rs", "**/Cargo.toml"}, deps...)
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
			{key: "watch", value: flow(watch)},
			{key: "stages", value: stages("cargo clippy --workspace --all-targets -- $CLIPPY", "cargo test --workspace")},
		}})
	case tree.member() || len(deps) > 0:
		d.watchers = append(d.watchers, entry{key: "check", comment: "The preset's list, and what lies outside of this directory.", sub: []entry{
			{key: "watch", value: flow(append([]string{"{src/**,tests/**,benches/**,examples/**,build.rs,Cargo.toml,Cargo.lock}"}, p.elsewhereRead(tree, deps)...))},
		}})
	}
	return d, nil
}

// rustLoop is a crate that serves, with the binary that does.
type rustServer struct {
	*crate
	bin cargoBin
	why string
}

// rustServers are the crates that serve. In a member of a workspace only the
// member itself is meant; at the root of one all of them, the likeliest first.
func (p *rustProject) rustServers(t *cargoTree) []rustServer {
	var servers []rustServer
	for i := range t.crates {
		c := &t.crates[i]
		if t.member() && c.dir != "." {
			continue
		}
		bin, ok := p.rustBinary(c)
		if !ok {
			continue
		}
		why := ""
		if j := slices.IndexFunc(rustWeb, func(dep string) bool { return slices.Contains(c.deps, dep) }); j >= 0 {
			why = c.manifest() + " has " + rustWeb[j]
		} else if p.rustBinds(c.dir) {
			why = "its sources bind a socket"
		}
		if why != "" {
			servers = append(servers, rustServer{c, bin, why})
		}
	}
	slices.SortStableFunc(servers, func(a, b rustServer) int { return b.rank() - a.rank() })
	return servers
}

var rustServerName = lazyregexp.New(`(^|[-_])(server|web|api|app|service|site|gateway|backend)([-_]|$)`)

// rank is how likely a crate of a workspace is the one that people mean.
func (s rustServer) rank() int {
	switch {
	case s.dir == ".":
		return 2
	case rustServerName.MatchString(s.bin.name):
		return 1
	}
	return 0
}

// rustBinary is the one that `cargo run` would run, and of several without a
// default-run the one that serves.
func (p *rustProject) rustBinary(c *crate) (cargoBin, bool) {
	if len(c.bins) == 0 {
		return cargoBin{}, false
	}
	for _, meant := range []func(b cargoBin) bool{
		func(b cargoBin) bool { return b.name == c.defaultRun },
		func(b cargoBin) bool { return p.rustServes(b.file) },
		func(b cargoBin) bool { return b.name == c.name },
	} {
		if i := slices.IndexFunc(c.bins, meant); i >= 0 {
			return c.bins[i], true
		}
	}
	return c.bins[0], true
}

// cargoRuns is a command that runs a binary or a crate of the workspace.
var cargoRuns = lazyregexp.New(`\bcargo\s+(?:watch\s.*)?(?:-x\s+["'])?run\b(?:.*\s--bin[\s=]+([\w-]+)|.*\s(?:-p|--package)[\s=]+([\w-]+))`)

// rustLoop drafts the loop of the first of the servers.
func rustLoop(d *draft, p *rustProject, t *cargoTree, servers []rustServer) {
	s := servers[0]
	said, m := p.command(cargoRuns)
	if m != nil {
		i := slices.IndexFunc(servers, func(s rustServer) bool {
			return m[1] != "" && s.bin.name == m[1] || m[2] != "" && s.name == m[2]
		})
		if i >= 0 {
			s = servers[i]
		} else {
			m = nil
		}
	}
	d.extends("rust-web", s.why)
	switch {
	case m != nil:
		d.set("BIN", s.bin.name, said.from)
		if _, args, ok := strings.Cut(said.command, " -- "); ok {
			d.set("ARGS", arguments(args, []string{""}), said.from)
		}
	case len(servers) > 1:
		d.set("BIN", s.bin.name, fmt.Sprintf("a guess: of %s, the first of %d servers here", s.manifest(), len(servers)))
		rustOthers(d, servers)
	case s.bin.name != "server":
		d.set("BIN", s.bin.name, "the binary of "+s.manifest())
	}
	if len(s.bins) > 1 {
		var others []string
		for _, b := range s.bins {
			if b != s.bin {
				others = append(others, b.name)
			}
		}
		d.note("%s has %d binaries: BIN says that %s is the server, and not %s.", s.manifest(), len(s.bins), s.bin.name, shortList(others, "or"))
	}
	if t.target != "target" {
		d.set("CARGO_TARGET_DIR", t.target, "where cargo builds this workspace")
	}
	program := "$CARGO_TARGET_DIR/debug/$BIN $ARGS"
	if t.triple != "" {
		program = "$CARGO_TARGET_DIR/" + t.triple + "/debug/$BIN $ARGS"
	}
	sources := p.rustSources(s.dir)
	if by, ok := p.told(sources); ok && !takesOrReads(p.project, sources, rustListening) {
		d.option(p.project, by, program, sources, rustListening)
	} else {
		d.address(p.project, sources, rustListening)
	}
	switch deps := p.outside(t, t.crates); {
	case len(t.crates) > 1 && !t.member():
		d.buildAndTest("Every crate of the workspace, not only the server's.", flow(append([]string{"**/{*.rs,Cargo.toml,Cargo.lock}"}, deps...)),
			[]string{"cargo build --bin $BIN"}, []string{"cargo clippy --workspace -- $CLIPPY", "cargo test --workspace"})
	default:
		watch, own := []string{"src", "Cargo.toml"}, p.alsoRead()
		switch {
		case t.member():
		case p.has("Cargo.lock"):
			watch = append(watch, "Cargo.lock")
		default:
			watch[1] = "Cargo.{toml,lock}" // the first build writes it
		}
		outside := p.elsewhereRead(t, deps)
		if len(own)+len(outside) == 0 {
			break
		}
		why := "The preset's list, and what else the build and the tests read."
		if len(deps) > 0 {
			why = "The preset's list, and what else this crate is built from."
		}
		d.watchers = append(d.watchers, entry{key: "check", comment: why, sub: []entry{
			{key: "watch", value: flow(append(append(watch, own...), outside...))},
		}})
	}
	if t.triple == "" {
		return
	}
	if server := d.server(".cargo/config.toml has cargo build for " + t.triple + "."); server.get("run") == nil {
		server.sub = append(server.sub, entry{key: "run", value: yamlText(program)})
	}
}

// chosenServer puts the server that people choose in place of all; where nobody can be asked,
// all stay.
func (p *project) chosenServer(servers []rustServer) []rustServer {
	var options []string
	for _, s := range servers {
		options = append(options, s.bin.name+", of "+s.manifest())
	}
	if i, asked := p.tools.choose("Which binary is the server?", options); asked {
		return servers[i : i+1]
	}
	return servers
}

// rustOthers tells of the servers that the draft is not for.
func rustOthers(d *draft, servers []rustServer) {
	var names, dirs []string
	for _, s := range servers[1:] {
		names, dirs = append(names, s.bin.name), append(dirs, s.dir)
	}
	d.note("There are %d servers in this workspace. BIN is %s; the others are %s.", len(servers), servers[0].bin.name, shortList(names, "and"))
	d.note("For another one, set BIN and its socket, or `devloop init` in its directory, such as %s.", dirs[0])
}

// shortList writes a few of many names.
func shortList(names []string, last string) string {
	const most = 5
	if n := len(names) - most; n > 1 {
		return fmt.Sprintf("%s %s %d more", strings.Join(names[:most], ", "), last, n)
	}
	return listed(names, last)
}

// outside are patterns for the dependencies by path that lie outside of the
// project's directory.
func (p *rustProject) outside(t *cargoTree, crates []crate) []string {
	var patterns []string
	for i := range crates {
		if t.member() && crates[i].dir != "." {
			continue
		}
		for _, dir := range p.localDeps(t, &crates[i]) {
			if below(dir, ".") && !t.member() {
				continue // the workspace's own patterns have it
			}
			pattern := dir
			if p.inside(".", dir) {
				// The directory holds this very project: only what builds the crate is meant.
				pattern = path.Join(dir, "{src/**,build.rs,Cargo.toml}")
			}
			if !slices.Contains(patterns, pattern) {
				patterns = append(patterns, pattern)
			}
		}
	}
	return patterns
}

// elsewhereRead is what a member of a workspace is built from above it.
func (p *rustProject) elsewhereRead(t *cargoTree, deps []string) []string {
	if !t.member() {
		return deps
	}
	return append(slices.Clone(deps), path.Join(t.root, "Cargo.{toml,lock}"))
}

// rustSources are those of a crate.
func (p *rustProject) rustSources(dir string) []string {
	return slices.DeleteFunc(p.sources(".rs"), func(f string) bool { return !below(f, dir) })
}

// alsoRead is what tests and builds read beside the sources of a crate.
func (p *rustProject) alsoRead() []string {
	var found []string
	for _, dir := range []string{"tests", "templates", "migrations", "configuration", "config", "proto", "build.rs"} {
		if _, err := fs.Stat(p.root, dir); err == nil {
			found = append(found, dir)
		}
	}
	return found
}

var (
	rustBindsIt = lazyregexp.New(`TcpListener::(bind|from_raw_fd)`)
	rustServing = lazyregexp.New(`TcpListener|listenfd|ListenFd|HttpServer::new|rocket::build|#\[(?:rocket::)?launch\]|Server::bind|axum::serve|warp::serve|tiny_http`)
)

// rustServes reports whether the file of a binary binds or takes a socket.
func (p *rustProject) rustServes(file string) bool {
	_, m := p.search([]string{file}, rustServing)
	return m != nil
}

// rustBinds reports whether a crate without a server's crate binds a socket itself.
func (p *rustProject) rustBinds(dir string) bool {
	_, m := p.search(p.rustSources(path.Join(dir, "src")), rustBindsIt)
	return m != nil
}
