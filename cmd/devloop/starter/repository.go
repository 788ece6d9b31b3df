package starter

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// notProjects are directories that hold no part of what is developed.
var notProjects = []string{"examples", "example", "_example", "_examples", "docs", "doc", "test", "tests", "e2e", "testing", "tools", "tool", "scripts", "fixtures", "benchmarks", "bench", "samples", "third_party"}

// repository is a root with projects further down.
type repository struct{ *project }

// dirs are the directories that are projects of their own: those that go.work or uv's workspace names, and
// all that look like one.
func (p repository) dirs() (dirs []string) {
	if text, err := p.read("go.work"); err == nil && text != "" {
		for _, d := range directives(text) {
			if d[0] == "use" && len(d) > 1 && !path.IsAbs(d[1]) {
				dirs = append(dirs, path.Clean(d[1]))
			}
		}
	}
	if text, err := p.read("pyproject.toml"); err == nil {
		for _, pattern := range uvMembers(text) {
			for _, dir := range p.matches(pattern) {
				if p.has(path.Join(dir, "pyproject.toml")) {
					dirs = append(dirs, dir)
				}
			}
		}
	}
	var nothing *NothingError
	if errors.As(p.nothing(), &nothing) {
		dirs = append(dirs, nothing.Below...)
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	var kept []string
	for _, dir := range dirs {
		if dir == "." || !below(dir, ".") || strings.Count(dir, "/") > 2 || slices.ContainsFunc(strings.Split(dir, "/"), func(name string) bool { return slices.Contains(notProjects, name) }) ||
			slices.ContainsFunc(kept, func(k string) bool { return below(dir, k) }) {
			continue
		}
		kept = append(kept, dir)
	}
	slices.Sort(kept)
	return kept
}

// uvMembers are the patterns of the members of a uv workspace.
func uvMembers(pyproject string) []string {
	var m struct {
		Tool struct {
			UV struct {
				Workspace struct{ Members []string }
			}
		}
	}
	if toml.Unmarshal([]byte(pyproject), &m) != nil {
		return nil
	}
	return m.Tool.UV.Workspace.Members
}

// holdsAll tells whether every file is of a project further down.
func (p repository) holdsAll(files []string) bool {
	dirs := p.dirs()
	return len(files) > 0 && !slices.ContainsFunc(files, func(f string) bool {
		return !slices.ContainsFunc(dirs, func(dir string) bool { return below(f, dir) })
	})
}

// maxParts is how many projects a root's devloop.yaml includes.
const maxParts = 12

// parts drafts the projects further down; only those with a server if servers says so, and none that is
// known by the file without.
func (p repository) parts(servers bool, without string) ([]*part, error) {
	var parts []*part
	for _, dir := range p.dirs() {
		if len(parts) == maxParts {
			break
		}
		at, err := npmProject{p.project}.sub(dir)
		if err != nil {
			return nil, err
		}
		at.tools = Tools{} // they look at the root
		one := &part{name: nodeName(path.Base(dir)), dir: dir, p: npmProject{at}, what: "it has a devloop.yaml of its own"}
		if at.has("devloop.yaml") {
			parts = append(parts, one)
			continue
		}
		d, err := at.draft()
		if errors.As(err, new(*NothingError)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		serves := d.hasServer() || d.serves()
		if servers && !serves || without != "" && d.by == without {
			continue
		}
		one.d, one.what = d, "no server"
		if serves {
			one.what, one.port = "from "+d.by, ""
			if d.preset() != "" {
				one.what, one.port = d.preset(), d.held()
			}
			one.tool = slices.Contains([]string{"vite", "next", "nuxt", "astro", "angular", "remix", "dev-server"}, one.what)
		}
		parts = append(parts, one)
	}
	return parts, nil
}

// repository adds the projects further down to the draft of the root; err is why that is none, or nil.
func (p repository) draft(d *draft, err error) (*draft, error) {
	switch {
	case errors.As(err, new(*NothingError)):
		parts, failed := p.parts(false, "")
		if failed != nil || len(parts) == 0 {
			return nil, errors.Join(failed, err)
		}
		d = &draft{}
		d.ofParts(p.chosen(parts))
		return d, p.needs(d)
	case err != nil:
		return nil, err
	case slices.Contains(composeFiles, d.by) && p.onlyImages(d.by):
		parts, err := p.parts(true, "")
		if err != nil || len(parts) == 0 {
			return d, err
		}
		d = &draft{}
		d.ofParts(p.chosen(parts))
		return d, p.needs(d)
	case d.done != nil || len(d.includes) > 0 || slices.Contains([]string{"Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts"}, d.by):
		return d, nil // it has them, or its build does
	}
	if d.hasServer() || d.serves() {
		parts, err := p.parts(true, d.by)
		if err != nil || len(parts) == 0 {
			return d, err
		}
		var items, dirs []string
		for _, one := range parts {
			dirs = append(dirs, one.dir)
			items = append(items, fmt.Sprintf("{path: %s, as: %s}", inFlow(one.dir), inFlow(one.name)))
		}
		d.note("There is a project with a server in %s too: `devloop init` there, and `include: [%s]` here, run it beside this one.", listed(dirs, "and"), strings.Join(items, ", "))
		return d, nil
	}
	parts, err := p.parts(true, "")
	if err != nil || len(parts) == 0 {
		return d, err
	}
	d.ofParts(p.chosen(parts))
	return d, nil
}

// ofParts makes the draft one of a root that includes what is further down.
func (d *draft) ofParts(parts []*part) {
	d.comment("Each project has a devloop.yaml of its own, and runs alone in its directory, too.")
	d.includeParts(parts)
}
