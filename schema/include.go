package schema

import (
	"strings"

	"devloop/schema/yamltree"
)

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
		}, func(i *inclusion) *string { return &i.as }, "a prefix for its names, as in `api.server`").or("nothing"),
	},
	aliases: aliases{
		{"path", "dir file project taskfile"},
		{"paths belong to the included project's own directory", "project_directory"},
		{"as", "prefix namespace name alias"},
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

// entry is one item of `extends`, as it is written.
type entry struct {
	text string
	node *yamltree.Node
}

// extendsType is a preset, or a list of them. It is read before the variables of the file are known, so it
// is filled in only from the environment.
var extendsType = listOf(typ[entry]{
	shape: shape{name: "preset"},
	read: func(d *decoder, n *yamltree.Node) (entry, bool) {
		text, ok := d.word(n, "the name or the path of a preset")
		return entry{text, n}, ok
	},
}, true, "a preset, or a list of them")
