package starter

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// workspace is what npm, pnpm, yarn, bun, turbo, nx and lerna call one: packages that are developed
// together.
type workspace struct {
	dir      string // of its root, relative to the project
	by       string // the file that says so
	packages []nodePackage
}

// nodePackage is a package of a workspace.
type nodePackage struct {
	dir string // relative to the project
	m   *manifest
}

// workspace is the one that the project is the root of, or in; nil if there is none.
func (p npmProject) workspace() *workspace {
	for dir := range p.upwards(".") {
		if w := p.workspaceAt(dir); w != nil {
			return w
		}
	}
	return nil
}

func (p npmProject) workspaceAt(dir string) *workspace {
	m, err := p.manifestIn(dir)
	if err != nil {
		return nil
	}
	w := &workspace{dir: dir, by: "pnpm-workspace.yaml"}
	var patterns []string
	if text, err := p.read(path.Join(dir, w.by)); err == nil && text != "" {
		if t, err := parseTree([]byte(text)); err == nil {
			patterns = t.get("packages").list()
		}
	}
	if len(patterns) == 0 && m != nil {
		w.by = "package.json"
		patterns = texts(m.Workspaces)
		if nested, ok := m.Workspaces.(map[string]any); ok { // yarn 1
			patterns = texts(nested["packages"])
		}
	}
	if len(patterns) == 0 {
		w.by = "lerna.json"
		if text, err := p.read(path.Join(dir, w.by)); err == nil && text != "" {
			if t, err := parseTree([]byte(text)); err == nil {
				patterns = t.get("packages").list()
			}
		}
	}
	if len(patterns) == 0 {
		return nil
	}
	var without []string
	for _, pattern := range patterns {
		if rest, ok := strings.CutPrefix(pattern, "!"); ok {
			without = append(without, p.packageDirs(dir, rest)...)
		}
	}
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "!") {
			continue
		}
		for _, at := range p.packageDirs(dir, pattern) {
			if slices.Contains(without, at) || slices.ContainsFunc(w.packages, func(n nodePackage) bool { return n.dir == at }) {
				continue
			}
			if m, err := p.manifestIn(at); m != nil && err == nil {
				w.packages = append(w.packages, nodePackage{at, m})
			}
		}
	}
	return w
}

const maxPackages = 300

// packageDirs are the directories with a package that a pattern of a workspace means.
func (p npmProject) packageDirs(root, pattern string) []string {
	pattern = strings.TrimSuffix(path.Clean(pattern), "/")
	patterns := []string{pattern}
	if before, ok := strings.CutSuffix(pattern, "**"); ok { // as deep as workspaces are
		patterns = []string{before + "*", before + "*/*", before + "*/*/*"}
	}
	var dirs []string
	for _, pattern := range patterns {
		for _, file := range p.matches(path.Join(root, pattern, "package.json")) {
			if dir := path.Dir(file); len(dirs) < maxPackages && !strings.Contains("/"+dir+"/", "/node_modules/") {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return dirs
}

// packageDir is the directory of a package of the workspace, by its name or its path; "" if there is
// none.
func (p npmProject) packageDir(name string) string {
	w := p.workspace()
	if w == nil {
		return ""
	}
	name = strings.TrimSuffix(name, "...")
	for _, n := range w.packages {
		if n.m.Name == name || n.dir == path.Join(w.dir, name) || path.Base(n.dir) == name && !strings.Contains(name, "/") {
			return n.dir
		}
	}
	return ""
}

// shared are the packages of the workspace, and those with a path, that the package is built from, also by
// others of them.
func (p npmProject) shared() []nodePackage {
	w := p.workspace()
	own, err := p.manifestIn(".")
	if own == nil || err != nil {
		return nil
	}
	var all []nodePackage
	var add func(dir string, m *manifest)
	add = func(dir string, m *manifest) {
		deps := map[string]any{}
		for name, version := range m.DevDependencies {
			deps[name] = version
		}
		for name, version := range m.Dependencies {
			deps[name] = version
		}
		for _, name := range slices.Sorted(maps.Keys(deps)) {
			version, _ := deps[name].(string)
			found := nodePackage{}
			for _, prefix := range []string{"file:", "link:", "portal:"} {
				if at, ok := strings.CutPrefix(version, prefix); ok && !strings.HasSuffix(at, ".tgz") {
					found.dir = path.Join(dir, at)
					found.m, _ = p.manifestIn(found.dir) // one that cannot be read has no sources to follow
				}
			}
			if w != nil {
				for _, n := range w.packages {
					if n.m.Name == name {
						found = n
					}
				}
			}
			if found.m == nil || found.dir == "." || slices.ContainsFunc(all, func(n nodePackage) bool { return n.dir == found.dir }) {
				continue
			}
			if strings.Contains(name, "eslint") || strings.Contains(name, "tsconfig") || strings.Contains(name, "prettier") {
				continue // configurations
			}
			all = append(all, found)
			add(found.dir, found.m)
		}
	}
	add(".", own)
	return all
}

// built tells whether who uses a package gets what its `build` writes, and not its sources.
func (n *nodePackage) built() bool {
	if n.m.Scripts["build"] == "" {
		return false
	}
	entry := n.m.Main + " " + n.m.Module
	if n.m.Exports != nil {
		entry += fmt.Sprint(n.m.Exports)
	}
	if strings.Contains(entry, "src/") { // the sources, if not for types
		return false
	}
	for _, dir := range []string{"dist/", "build/", "lib/", "out/"} {
		if strings.Contains(entry, dir) {
			return true
		}
	}
	return false
}

// sources is the pattern of a package's sources.
func (n *nodePackage) sources(p npmProject) string {
	ending := "**/*.{ts,tsx,mts,js,mjs,cjs,json}"
	if len(p.matches(path.Join(n.dir, "src/*"))) > 0 {
		return path.Join(n.dir, "src", ending)
	}
	return path.Join(n.dir, ending)
}

// trigger is the file that says that a package has been built.
func (n *nodePackage) trigger() string { return path.Join(n.dir, ".trigger") }

// sharedPatterns are what of other packages a server follows: their sources, or the trigger of their
// build. A trigger is named as it is: a pattern would be no edge of the graph.
func (p npmProject) sharedPatterns() []string {
	var all []string
	for _, n := range p.shared() {
		if n.built() {
			all = append(all, n.trigger())
		} else {
			all = append(all, n.sources(p))
		}
	}
	return all
}

// builds adds the watchers that build packages which others use as built.
func (p npmProject) builds(d *draft, packages []nodePackage, manager string) {
	for _, n := range packages {
		if !n.built() {
			continue
		}
		d.watchers = append(d.watchers, entry{key: nodeName("build-" + path.Base(n.dir)), comment: "What " + n.m.Name + " is used as is what its `build` writes.", sub: []entry{
			{key: "dir", value: yamlText(n.dir)},
			{key: "watch", value: yamlText(n.sources(p))},
			{key: "ignore", value: flow([]string{path.Join(n.dir, "{dist,build,lib,out}/**"), "**/node_modules/**"})},
			{key: "stages", value: stages(manager + " run build")},
			{key: "trigger", value: yamlText(n.trigger())},
		}})
	}
}
