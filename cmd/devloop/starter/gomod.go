package starter

import (
	"path"
	"slices"
	"strings"
)

// goModule is a project of Go's: a module, or the directory of a program in one.
type goModule struct {
	*project
	root string // where the go.mod is: ".", or a directory above
}

// moduleRoot is where the go.mod is: here, or above a directory that has a program. "" if there is none.
func (p *project) moduleRoot() string {
	if p.has("go.mod") {
		return "."
	}
	for _, f := range p.matches("*.go") {
		text, err := p.read(f)
		if err != nil || strings.HasSuffix(f, "_test.go") || !goMain.MatchString(code(f, text)) {
			continue
		}
		for dir := range p.upwards("..") {
			if p.isFile(path.Join(dir, "go.mod")) {
				return dir
			}
		}
		return ""
	}
	return ""
}

// local are the directories of what a Go module is built from beside itself: what go.mod
// replaces by a directory, what it requires of the modules of a go.work here or above, and the module
// around the directory of a program.
func (p *goModule) local() []string {
	text, err := p.read(path.Join(p.root, "go.mod"))
	if err != nil {
		return nil
	}
	var dirs []string
	add := func(dir string) {
		if !below(dir, ".") && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	add(p.root)
	required := map[string]bool{}
	for _, d := range directives(text) {
		switch d[0] {
		case "replace":
			if i := slices.Index(d, "=>"); i > 0 && i+1 < len(d) && (strings.HasPrefix(d[i+1], "./") || strings.HasPrefix(d[i+1], "../")) {
				add(path.Join(p.root, d[i+1]))
			}
		case "require":
			if len(d) > 1 {
				required[d[1]] = true
			}
		}
	}
	for up := range p.upwards(".") {
		work, err := p.read(path.Join(up, "go.work"))
		if err == nil && work != "" {
			for _, d := range directives(work) {
				if d[0] != "use" || len(d) < 2 || path.IsAbs(d[1]) {
					continue
				}
				dir := path.Join(up, d[1])
				if mod, err := p.read(path.Join(dir, "go.mod")); err == nil && required[moduleName(mod)] {
					add(dir)
				}
			}
			break
		}
	}
	slices.Sort(dirs)
	return dirs
}

func moduleName(mod string) string {
	for _, d := range directives(mod) {
		if d[0] == "module" && len(d) > 1 {
			return d[1]
		}
	}
	return ""
}

// directives are those of a go.mod or go.work, each as its words; a line of a block begins with
// the block's word.
func directives(text string) [][]string {
	var all [][]string
	block := ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.Trim(words[i], "\"`")
		}
		switch {
		case len(words) == 0:
		case block != "" && words[0] == ")":
			block = ""
		case block != "":
			all = append(all, append([]string{block}, words...))
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		default:
			all = append(all, words)
		}
	}
	return all
}

// watchGoLocal adds what a module is built from beside itself to the preset's patterns, which
// are given.
func watchGoLocal(d *draft, p *goModule, preset string) {
	dirs := p.local()
	if len(dirs) == 0 {
		return
	}
	patterns := []string{preset}
	for _, dir := range dirs {
		patterns = append(patterns, path.Join(dir, "**/*.{go,mod,sum}"))
	}
	d.watchers = append(d.watchers, entry{key: "check", comment: "The preset's pattern, and the modules of other directories that this one is built from.", sub: []entry{
		{key: "watch", value: flow(patterns)},
	}})
}
