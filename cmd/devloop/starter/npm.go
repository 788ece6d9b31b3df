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
	Name            string            `json:"name"`
	Main            string            `json:"main"`
	Module          string            `json:"module"`
	Exports         any               `json:"exports"`
	PackageManager  string            `json:"packageManager"`
	Workspaces      any               `json:"workspaces"`
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]any    `json:"dependencies"`
	DevDependencies map[string]any    `json:"devDependencies"`
	NodemonConfig   *nodemonConfig    `json:"nodemonConfig"`
	Proxy           any               `json:"proxy"`
}

// npmProject is a folder with what is known of npm's packages there and above.
type npmProject struct{ *project }

// manifestIn reads the package.json of a directory; nil if there is none.
func (p npmProject) manifestIn(dir string) (*manifest, error) {
	name := path.Join(dir, "package.json")
	if !p.isFile(name) {
		return nil, nil
	}
	text, err := p.read(name)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return &m, nil
}

func (m *manifest) has(dep string) bool {
	_, ok := m.Dependencies[dep]
	_, dev := m.DevDependencies[dep]
	return ok || dev
}

// useful reports whether there is a script that does something: `npm init`
// writes a test that always fails.
func (m *manifest) useful(script string) bool {
	return m.Scripts[script] != "" && !strings.Contains(m.Scripts[script], "no test specified")
}

// nodemonConfig is what nodemon.json, and nodemonConfig of package.json, may say.
type nodemonConfig struct {
	Watch   any               `json:"watch"`
	Ignore  any               `json:"ignore"`
	Ext     string            `json:"ext"`
	Exec    string            `json:"exec"`
	Script  string            `json:"script"`
	ExecMap map[string]string `json:"execMap"`
	Env     map[string]any    `json:"env"`
	Signal  string            `json:"signal"`
	Delay   any               `json:"delay"`
	Events  map[string]string `json:"events"`
}

// setBinary names a program of a package where it is not the project's own node_modules that has it,
// but those of the workspace.
func setBinary(d *draft, p npmProject, variable, bin string) {
	if at := p.binary(bin); at != "node_modules/.bin/"+bin {
		d.set(variable, at, "the workspace's")
	}
}

// binary is the path of a package's program: the nearest node_modules that has it, or else where
// an install will put it.
func (p npmProject) binary(bin string) string {
	if p.plugAndPlay() {
		return "yarn run " + bin
	}
	own := "node_modules/.bin/" + bin
	for dir := range p.upwards(".") {
		if at := path.Join(dir, own); p.isFile(at) {
			return at
		}
	}
	return own
}

// packageManager says which one the lock file, here or in the workspace, is of.
func packageManager(d *draft, p npmProject, m *manifest) {
	name, _, _ := strings.Cut(m.PackageManager, "@")
	for dir := range p.upwards(".") {
		for _, lock := range []struct{ file, manager string }{
			{"package-lock.json", "npm"}, {"pnpm-lock.yaml", "pnpm"}, {"yarn.lock", "yarn"}, {"bun.lock", "bun"}, {"bun.lockb", "bun"},
		} {
			if name == "" && p.isFile(path.Join(dir, lock.file)) {
				name = lock.manager
			}
		}
		if name != "" || p.isFile(path.Join(dir, ".git/HEAD")) {
			break
		}
	}
	if name != "" && name != "npm" {
		d.set("NPM", name, "")
	}
}

// plugAndPlay tells whether Yarn keeps the packages in archives, so that there is no node_modules.
func (p npmProject) plugAndPlay() bool {
	for dir := range p.upwards(".") {
		if p.isFile(path.Join(dir, ".pnp.cjs")) {
			return true
		}
	}
	return false
}

// node is the command that runs a file.
func (p npmProject) node() string {
	if p.plugAndPlay() {
		return "yarn node"
	}
	return "node"
}

// program is how a stage runs what a script of package.json names: such scripts have
// node_modules/.bin in their PATH.
func (p npmProject) program(name string) string {
	switch {
	case name == "node":
		return p.node()
	case strings.Contains(name, "/"), name == "npm", name == "pnpm", name == "yarn", name == "bun", name == "make", name == "docker", name == "echo":
		return name
	}
	return p.binary(name)
}

// stage is a command of a script as a stage runs it, which has no node_modules/.bin in its PATH.
func (p npmProject) stage(command string) string {
	first, rest, _ := strings.Cut(command, " ")
	if strings.HasPrefix(first, "$") || strings.Contains(first, "=") || slices.Contains([]string{"cd", "rm", "mkdir", "cp", "mv", "test", "echo", "sleep", "true"}, first) {
		return command
	}
	return strings.TrimSpace(p.program(first) + " " + rest)
}

// script is a file that Node finds by a name, as Node and TypeScript's loaders do.
func (p npmProject) script(name string) string {
	name = path.Clean(name)
	for _, ending := range []string{"", ".js", ".ts", ".mjs", ".mts", ".cjs", "/index.js", "/index.ts", "/index.mjs"} {
		if p.isFile(name + ending) {
			return name + ending
		}
	}
	return ""
}
