package schema

import (
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// inclusion is one entry of `include`: another project beside this one.
type inclusion struct {
	path string // as written
	as   string // before the names of its nodes, or ""
	pos  Pos
}

var includeKeys = &table[inclusion]{
	what: "an included project",
	keys: []key[inclusion]{
		row("path", typ[string]{shape: shape{name: "path"}, read: (*decoder).includePath}, func(i *inclusion) *string { return &i.path }, "its directory, or its devloop.yaml").must(),
		row("as", typ[string]{
			shape: shape{name: "name"},
			read: func(d *decoder, n *yamltree.Node) (string, bool) {
				name, ok := d.word(n, "a name")
				if ok && !nameForm.MatchString(name) {
					d.mistake(n.Pos, yamltree.Quote(name)+" is not a name", "a name has letters, digits, `_`, `.` and `-`, and begins with a letter or a digit")
					return "", false
				}
				return name, ok
			},
		}, func(i *inclusion) *string { return &i.as }, "what stands before its names, as in `api.server`").or("nothing"),
	},
	foreign: map[string]string{
		"dir": "path", "file": "path", "project": "path", "taskfile": "path", "project_directory": "paths belong to the included project's own directory",
		"prefix": "as", "namespace": "as", "name": "as", "alias": "as",
	},
}

var includesType = listOf(typ[inclusion]{
	shape: shape{name: "project", or: []shape{{name: "path"}, includeKeys.shape()}},
	read: func(d *decoder, n *yamltree.Node) (inclusion, bool) {
		in := inclusion{pos: n.Pos}
		if n.Kind == yamltree.Mapping && !n.Custom {
			includeKeys.read(d, n, &in, "an included project", n.Pos)
			if path := n.Get("path"); path != nil {
				in.pos = path.Pos
			}
			return in, in.path != ""
		}
		var ok bool
		in.path, ok = d.includePath(n)
		return in, ok
	},
}, true, "a project, or a list of them")

func (d *decoder) includePath(n *yamltree.Node) (string, bool) {
	text, ok := d.word(n, "the path of a project")
	if ok && (text == "~" || strings.HasPrefix(text, "~/")) {
		d.mistake(n.Pos, "`~` is not expanded", "write `${HOME}"+text[1:]+"`")
		return "", false
	}
	if ok && strings.ContainsAny(text, "*?[") {
		d.mistake(n.Pos, "`include` names one project, not a pattern", "write a list of paths")
		return "", false
	}
	return text, ok
}

// include loads another project into c. A project that is included twice under
// the same names is there once.
func (d *decoder) include(in inclusion, prefix string, c *Config) {
	from := d.sources[in.pos.File]
	if from.abs == "" {
		d.partial = true
		d.mistake(in.pos, "a built-in preset has no directory, so "+yamltree.Quote(in.path)+" is nowhere", "")
		return
	}
	at := from.beside(in.path)
	if info, err := d.opt.Stat(at.abs); err == nil && info.IsDir() {
		at = place{filepath.Join(at.file, fileName), filepath.Join(at.abs, fileName)}
	}
	if in.as != "" {
		prefix += in.as + "."
	}
	steps := append(slices.Clone(d.within), step{d.top, in.pos})
	if i := slices.IndexFunc(steps, func(s step) bool { return s.file.abs == at.abs }); i >= 0 {
		d.circle(steps[i:], "includes")
		return
	}
	if slices.ContainsFunc(c.Projects, func(p *Project) bool { return p.File == at.abs && p.Prefix == prefix }) {
		return
	}
	hint := "`include: services/api` reads the " + fileName + " of that directory"
	if strings.HasPrefix(in.path, builtin) {
		hint = "a preset is not a project beside this one but a layer under it: `extends: " + in.path + "`"
	}
	s := d.open(in.pos, at, includedHere, hint)
	if s == nil {
		d.partial = true
		return
	}
	if d.count++; d.count > maxFiles {
		d.partial = true
		return
	}
	if s.root == nil {
		d.partial = true
		return
	}
	dir, current, vars, within, top := d.dir, d.current, d.vars, d.within, d.top
	d.within, d.top = steps, s
	d.project(s, prefix, c)
	d.dir, d.current, d.vars, d.within, d.top = dir, current, vars, within, top
}
