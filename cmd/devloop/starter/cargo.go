package starter

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// cargoTree is what cargo says of the project: the workspace that it belongs to,
// or the single crate that it is. Directories are relative to the project's.
type cargoTree struct {
	root   string // of the workspace, such as "../.."; "." for a crate of its own
	target string // where it builds
	triple string // what it builds for, where that makes a directory of its own; "" if none
	crates []crate
	notes  []string
}

// crate is one package of a workspace.
type crate struct {
	dir, name  string
	defaultRun string
	bins       []cargoBin
	deps       []string // names of what it needs, other than for its tests
	local      []cargoDep
}

type cargoBin struct{ name, file string }

// cargoDep is a dependency by path.
type cargoDep struct {
	dir string
	dev bool // only tests need it
}

func (c *crate) manifest() string { return path.Join(c.dir, "Cargo.toml") }

// member reports whether the project is a part of a workspace that lies above it.
func (t *cargoTree) member() bool { return t.root != "." }

// crate is the one in a directory; nil if the workspace has none there.
func (t *cargoTree) crate(dir string) *crate {
	if i := slices.IndexFunc(t.crates, func(c crate) bool { return c.dir == dir }); i >= 0 {
		return &t.crates[i]
	}
	return nil
}

// rustProject is a project of Rust's.
type rustProject struct{ *project }

// cargoTree asks cargo, and reads the manifests where cargo does not answer.
func (p *rustProject) cargoTree() (*cargoTree, error) {
	var t *cargoTree
	note := ""
	if p.tools.Cargo != nil {
		out, err := p.tools.Cargo()
		if err == nil {
			t, err = p.fromMetadata(out)
		}
		if err != nil {
			note = "`cargo metadata` says: " + firstLine(err.Error()) + ". The manifests were read instead."
		}
	}
	if t == nil {
		var err error
		if t, err = p.fromManifests(); err != nil {
			return nil, err
		}
	}
	if note != "" {
		t.notes = append(t.notes, note)
	}
	t.triple = p.buildsFor()
	return t, nil
}

// firstLine is the first line of what a tool complains of, without its label and its full stop.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimRight(strings.TrimPrefix(line, "error: "), ".:")
}

// fromMetadata reads what `cargo metadata --no-deps` prints.
func (p *rustProject) fromMetadata(out []byte) (*cargoTree, error) {
	var m struct {
		Root     string `json:"workspace_root"`
		Target   string `json:"target_directory"`
		Packages []struct {
			Name       string
			Manifest   string `json:"manifest_path"`
			DefaultRun string `json:"default_run"`
			Targets    []struct {
				Kind []string
				Name string
				Src  string `json:"src_path"`
			}
			Dependencies []struct{ Name, Kind, Path string }
		}
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return nil, fmt.Errorf("what it prints is not understood: %w", err)
	}
	root, err := p.relative(m.Root)
	if err != nil {
		return nil, err
	}
	t := &cargoTree{root: root, target: path.Join(root, "target")}
	switch target, err := p.relative(m.Target); {
	case err == nil && below(target, root):
		t.target = target
	default:
		t.notes = append(t.notes, fmt.Sprintf("cargo is configured to build in %s on this machine. devloop.yaml is for everybody, so it has %s: export CARGO_TARGET_DIR to have it your way.", m.Target, t.target))
	}
	for _, pack := range m.Packages {
		dir, err := p.relative(filepath.Dir(pack.Manifest))
		if err != nil {
			return nil, err
		}
		c := crate{dir: dir, name: pack.Name, defaultRun: pack.DefaultRun}
		for _, target := range pack.Targets {
			if !slices.Contains(target.Kind, "bin") {
				continue
			}
			file, err := p.relative(target.Src)
			if err != nil {
				return nil, err
			}
			c.bins = append(c.bins, cargoBin{target.Name, file})
		}
		for _, dep := range pack.Dependencies {
			if dep.Kind != "dev" {
				c.deps = append(c.deps, dep.Name)
			}
			if dep.Path != "" {
				if dir, err := p.relative(dep.Path); err == nil {
					c.local = append(c.local, cargoDep{dir, dep.Kind == "dev"})
				}
			}
		}
		t.crates = append(t.crates, c)
	}
	t.sort()
	return t, nil
}

// sort puts the project's own crate first, and the others by their directories.
func (t *cargoTree) sort() {
	slices.SortFunc(t.crates, func(a, b crate) int {
		if (a.dir == ".") != (b.dir == ".") {
			return map[bool]int{true: -1, false: 1}[a.dir == "."]
		}
		return strings.Compare(a.dir, b.dir)
	})
}

// cargoToml is what is read of a Cargo.toml.
type cargoToml struct {
	Package *struct {
		Name       string `toml:"name"`
		DefaultRun string `toml:"default-run"`
		Workspace  string `toml:"workspace"`
		Autobins   *bool  `toml:"autobins"`
	} `toml:"package"`
	Bin               []struct{ Name, Path string } `toml:"bin"`
	Dependencies      map[string]any                `toml:"dependencies"`
	BuildDependencies map[string]any                `toml:"build-dependencies"`
	DevDependencies   map[string]any                `toml:"dev-dependencies"`
	Workspace         *struct {
		Members      []string       `toml:"members"`
		Exclude      []string       `toml:"exclude"`
		Dependencies map[string]any `toml:"dependencies"`
	} `toml:"workspace"`
}

// cargoToml reads the manifest in a directory; nil if there is none.
func (p *rustProject) cargoToml(dir string) (*cargoToml, error) {
	text, err := p.read(path.Join(dir, "Cargo.toml"))
	if err != nil || text == "" {
		return nil, err
	}
	var c cargoToml
	if _, err := toml.Decode(text, &c); err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Join(dir, "Cargo.toml"), err)
	}
	return &c, nil
}

// fromManifests reads the manifests as cargo would.
func (p *rustProject) fromManifests() (*cargoTree, error) {
	own, err := p.cargoToml(".")
	if err != nil {
		return nil, err
	}
	if own == nil {
		own = &cargoToml{}
	}
	root, top, err := p.workspaceOf(".", own)
	if err != nil {
		return nil, err
	}
	t := &cargoTree{root: root, target: p.targetDir(root)}
	dirs := []string{"."}
	if top.Workspace != nil {
		dirs = append(dirs, root)
		for _, pattern := range top.Workspace.Members {
			dirs = append(dirs, p.matches(path.Join(root, pattern))...)
		}
		excluded := func(dir string) bool {
			return slices.ContainsFunc(top.Workspace.Exclude, func(e string) bool { return below(dir, path.Join(root, e)) })
		}
		dirs = slices.DeleteFunc(dirs, func(dir string) bool { return dir != "." && excluded(dir) })
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		m, err := p.cargoToml(dir)
		if err != nil {
			return nil, err
		}
		if m != nil && m.Package != nil {
			t.crates = append(t.crates, p.crateOf(dir, m, root, top))
		}
	}
	t.sort()
	return t, nil
}

// workspaceOf finds the workspace of a crate: itself, the one that it names, or the nearest above.
func (p *rustProject) workspaceOf(dir string, m *cargoToml) (root string, top *cargoToml, err error) {
	if m.Workspace != nil {
		return dir, m, nil
	}
	if m.Package != nil && m.Package.Workspace != "" {
		root = path.Join(dir, m.Package.Workspace)
		if top, err = p.cargoToml(root); err != nil || top != nil {
			return root, top, err
		}
	}
	for up := dir; p.canRise(up); {
		up = path.Join(up, "..")
		top, err := p.cargoToml(up)
		switch {
		case err != nil:
			return "", nil, err
		case top == nil || top.Workspace == nil:
		case slices.ContainsFunc(top.Workspace.Exclude, func(e string) bool { return p.inside(dir, path.Join(up, e)) }):
			return dir, m, nil
		default:
			return up, top, nil
		}
	}
	return dir, m, nil
}

// crateOf is a crate by its manifest m, in a workspace whose manifest is top.
func (p *rustProject) crateOf(dir string, m *cargoToml, root string, top *cargoToml) crate {
	c := crate{dir: dir, name: m.Package.Name, defaultRun: m.Package.DefaultRun}
	for _, b := range m.Bin {
		file := b.Path
		if file == "" {
			file = "src/bin/" + b.Name + ".rs"
		}
		c.bins = append(c.bins, cargoBin{b.Name, path.Join(dir, file)})
	}
	add := func(name, file string) {
		if p.isFile(file) && !slices.ContainsFunc(c.bins, func(b cargoBin) bool { return b.name == name || b.file == file }) {
			c.bins = append(c.bins, cargoBin{name, file})
		}
	}
	if m.Package.Autobins == nil || *m.Package.Autobins {
		add(c.name, path.Join(dir, "src/main.rs"))
		for _, file := range p.matches(path.Join(dir, "src/bin/*.rs")) {
			add(strings.TrimSuffix(path.Base(file), ".rs"), file)
		}
		for _, file := range p.matches(path.Join(dir, "src/bin/*/main.rs")) {
			add(path.Base(path.Dir(file)), file)
		}
	}
	for _, table := range []struct {
		deps map[string]any
		dev  bool
	}{{m.Dependencies, false}, {m.BuildDependencies, false}, {m.DevDependencies, true}} {
		for _, name := range slices.Sorted(maps.Keys(table.deps)) {
			at := dir
			spec, _ := table.deps[name].(map[string]any)
			if inherited, _ := spec["workspace"].(bool); inherited && top != nil && top.Workspace != nil {
				spec, _ = top.Workspace.Dependencies[name].(map[string]any)
				at = root
			}
			if real, _ := spec["package"].(string); real != "" {
				name = real
			}
			if !table.dev {
				c.deps = append(c.deps, name)
			}
			if where, _ := spec["path"].(string); where != "" && !path.IsAbs(where) {
				c.local = append(c.local, cargoDep{path.Join(at, where), table.dev})
			}
		}
	}
	return c
}

// cargoConfig is what is read of a .cargo/config.toml.
type cargoConfig struct {
	Build struct {
		TargetDir string `toml:"target-dir"`
		Target    any    `toml:"target"`
	} `toml:"build"`
}

// configured calls f with each .cargo/config.toml of the project and above it, the nearest
// first, until it returns true.
func (p *rustProject) configured(f func(dir string, c *cargoConfig) bool) {
	for dir := range p.upwards(".") {
		for _, name := range []string{".cargo/config.toml", ".cargo/config"} {
			text, err := p.read(path.Join(dir, name))
			if err != nil || text == "" {
				continue
			}
			var c cargoConfig
			if _, err := toml.Decode(text, &c); err == nil && f(dir, &c) {
				return
			}
		}
	}
}

// targetDir is where cargo builds, by the files of the workspace alone.
func (p *rustProject) targetDir(root string) string {
	target := path.Join(root, "target")
	p.configured(func(dir string, c *cargoConfig) bool {
		if c.Build.TargetDir == "" {
			return false
		}
		if set := path.Join(dir, c.Build.TargetDir); !path.IsAbs(c.Build.TargetDir) && below(set, root) {
			target = set
		}
		return true
	})
	return target
}

// buildsFor is the directory below the target directory that a configured `build.target` makes;
// "" where there is none.
func (p *rustProject) buildsFor() (triple string) {
	p.configured(func(_ string, c *cargoConfig) bool {
		triple, _ = c.Build.Target.(string)
		triple = strings.TrimSuffix(path.Base(triple), ".json") // a file describes a target of one's own
		if triple == "." {
			triple = ""
		}
		return c.Build.Target != nil
	})
	return triple
}

// localDeps are the directories of what a crate is built from beside itself, through all
// dependencies by path. What only the tests of a dependency need is not among them.
func (p *rustProject) localDeps(t *cargoTree, c *crate) []string {
	var dirs []string
	var visit func(c *crate, dev bool)
	visit = func(c *crate, dev bool) {
		for _, dep := range c.local {
			if dep.dev && !dev || slices.Contains(dirs, dep.dir) || dep.dir == "." {
				continue
			}
			dirs = append(dirs, dep.dir)
			if next := t.crate(dep.dir); next != nil {
				visit(next, false)
				continue
			}
			m, err := p.cargoToml(dep.dir)
			if err != nil || m == nil || m.Package == nil {
				continue // cargo says what is wrong with it
			}
			root, top, err := p.workspaceOf(dep.dir, m)
			if err != nil {
				continue
			}
			next := p.crateOf(dep.dir, m, root, top)
			visit(&next, false)
		}
	}
	visit(c, true)
	slices.Sort(dirs)
	return dirs
}

// CargoFiles are patterns of what the crates of a place are built from outside of it, and of
// what cargo writes into it; neither where there is no crate that can be read.
func CargoFiles(at Place, tools Tools) (outside, built []string) {
	looked, err := newProject(at, tools)
	if err != nil || !looked.has("Cargo.toml") {
		return nil, nil
	}
	p := &rustProject{looked}
	t, err := p.cargoTree()
	if err != nil {
		return nil, nil
	}
	if below(t.target, ".") {
		built = []string{t.target}
	}
	return p.elsewhereRead(t, p.outside(t, t.crates)), built
}
