package starter

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// cargo is what is read of a Cargo.toml.
type cargo struct {
	Package struct {
		Name       string `toml:"name"`
		DefaultRun string `toml:"default-run"`
	} `toml:"package"`
	Bin          []struct{ Name string }     `toml:"bin"`
	Dependencies map[string]any              `toml:"dependencies"`
	Workspace    *struct{ Members []string } `toml:"workspace"`
}

var rustWeb = []string{"axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "hyper", "tonic", "ntex", "rouille", "tiny_http"}

var rustListening = listening{
	takes:  compiled(`listenfd|ListenFd|from_raw_fd|LISTEN_FDS|sd_listen_fds|tokio_listener`),
	reads:  compiled(`var(?:_os)?\(\s*"PORT"\s*\)(?:[^;]{0,80}?(\d{4,5}))?`),
	fixed:  compiled(`"(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]):(\d{2,5})"|\(\s*"[^"]*"\s*,\s*(\d{4,5})\s*\)|\]\s*,\s*(\d{4,5})\s*\)`),
	hint:   "take it with the listenfd crate, as docs/sockets.md shows",
	preset: "inherit",
}

func lookRust(p *project) (*draft, error) {
	if !p.has("Cargo.toml") {
		return nil, nil
	}
	main, err := p.cargo("Cargo.toml")
	if err != nil {
		return nil, err
	}
	crates := []string{"."}
	if main.Workspace != nil {
		crates = append(crates, p.members(main.Workspace.Members)...)
	}
	d := &draft{by: "Cargo.toml"}
	d.ignore(".trigger", "/target/")
	for _, dir := range crates {
		c, err := p.cargo(path.Join(dir, "Cargo.toml"))
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(rustWeb, func(dep string) bool { _, ok := c.Dependencies[dep]; return ok })
		bin := c.binary(p, dir)
		if i < 0 && !p.std(dir, c) || bin == "" {
			continue
		}
		why := "its sources bind a socket"
		if i >= 0 {
			why = path.Join(dir, "Cargo.toml") + " has " + rustWeb[i]
		}
		d.extends("rust-web", why)
		if bin != "server" {
			d.set("BIN", bin, "the binary of "+path.Join(dir, "Cargo.toml"))
		}
		var files []string
		for _, f := range p.sources(".rs") {
			if dir == "." || strings.HasPrefix(f, dir+"/") {
				files = append(files, f)
			}
		}
		d.address(p, files, rustListening)
		if len(crates) > 1 {
			d.watchers = append(d.watchers, entry{key: "check", comment: "Every crate of the workspace, not only the server's.", sub: []entry{
				{key: "watch", value: yamlText("**/{*.rs,Cargo.toml,Cargo.lock}")},
				{key: "stages", value: stages("cargo clippy --workspace -- $CLIPPY", "cargo test --workspace", "cargo build --bin $BIN")},
			}})
		} else if more := p.alsoRead(); len(more) > 0 {
			d.watchers = append(d.watchers, entry{key: "check", comment: "The preset's list, and what else the build and the tests read.", sub: []entry{
				{key: "watch", value: "[src, Cargo.toml, Cargo.lock, " + strings.Join(more, ", ") + "]"},
			}})
		}
		if !p.has("Cargo.lock") {
			d.note("`Cargo.lock` is not there yet; the first build writes it, and then it is watched.")
		}
		return d, nil
	}
	d.extends("rust", "")
	if len(crates) > 1 {
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
			{key: "watch", value: flow([]string{"**/*.rs", "**/Cargo.toml"})},
			{key: "stages", value: stages("cargo clippy --workspace --all-targets -- $CLIPPY", "cargo test --workspace")},
		}})
	}
	return d, nil
}

// alsoRead is what tests and builds read beside the sources of a crate.
func (p *project) alsoRead() []string {
	var found []string
	for _, dir := range []string{"tests", "templates", "migrations", "configuration", "config", "proto", "build.rs"} {
		if _, err := fs.Stat(p.root, dir); err == nil {
			found = append(found, dir)
		}
	}
	return found
}

func (p *project) cargo(file string) (*cargo, error) {
	text, err := p.read(file)
	if err != nil {
		return nil, err
	}
	var c cargo
	if _, err := toml.Decode(text, &c); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &c, nil
}

// members are the directories of a workspace's crates; a final `*` is all there
// are.
func (p *project) members(patterns []string) []string {
	var dirs []string
	for _, f := range p.sources(".toml") {
		dir := path.Dir(f)
		if path.Base(f) != "Cargo.toml" || dir == "." {
			continue
		}
		for _, pattern := range patterns {
			if ok, err := path.Match(strings.TrimSuffix(pattern, "/"), dir); err == nil && ok {
				dirs = append(dirs, dir)
				break
			}
		}
	}
	return dirs
}

// binary is the one that `cargo run` would run; "" if the crate has none.
func (c *cargo) binary(p *project, dir string) string {
	switch {
	case c.Package.DefaultRun != "":
		return c.Package.DefaultRun
	case len(c.Bin) > 0 && c.Bin[0].Name != "":
		return c.Bin[0].Name
	case p.has(path.Join(dir, "src/main.rs")):
		return c.Package.Name
	}
	return ""
}

var rustBinds = compiled(`TcpListener::(bind|from_raw_fd)`)

// std reports whether a crate without a server's crate binds a socket itself.
func (p *project) std(dir string, c *cargo) bool {
	if c.Package.Name == "" {
		return false
	}
	own := slices.DeleteFunc(p.sources(".rs"), func(f string) bool { return !strings.HasPrefix(f, path.Join(dir, "src")+"/") })
	_, found := p.search(own, rustBinds)
	return found != nil
}
