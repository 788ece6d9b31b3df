package schema

import (
	"devloop/schema/yamltree"
)

// decoder reads the values of a tree by the tables. It goes on after a mistake, to find all of them in one
// load.
type decoder struct {
	*findings
	opt     Options
	dir     string   // the project that is being read
	current *Project // the same
	vars    *vars
	filled  int      // bytes that references came to
	secrets []string // values of the environment's secrets that were filled in
	partial bool     // a file is missing: what it would contain is not reported as missing

	branch string // of the tree that is being read, such as ".processes.server"
	key    string // the key whose value is being read, for messages
	keyPos Pos
}

// is reports whether n has the kind that the key needs, which wanted describes.
func (d *decoder) is(n *yamltree.Node, kind yamltree.Kind, wanted string) bool {
	if n.Custom {
		d.tag(n)
		return false
	}
	if n.Kind == kind && !n.Null() {
		return true
	}
	d.wrong(n, wanted)
	return false
}

// tag reports a tag of the file's own, usually a `!` that was meant as text.
func (d *decoder) tag(n *yamltree.Node) {
	if n.Tag == yamltree.UnknownTag && len(d.mistakes) > 0 {
		return // from repair, which has reported the mistake
	}
	switch n.Tag {
	case "!override", "!replace":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "a list replaces the inherited one anyway; `!append` adds to it")
	case "!reset", "!remove", "!delete", "!unset":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "`null` removes what is inherited")
	case "!merge", "!extend", "!add":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "mappings are merged anyway; `!append` adds to a list")
	default:
		d.mistake(n.Pos, "YAML reads "+yamltree.Quote(n.Tag)+" as a tag", tagHint)
	}
}

// wrong reports a value of another type than the key needs.
func (d *decoder) wrong(n *yamltree.Node, wanted string) {
	d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not "+n.What(), n.Misread())
}

// tagHint is what to write instead of a value that begins with `!`.
const tagHint = "a value that begins with `!` needs quotes; patterns to exclude belong under `ignore`"

// node reads the value of a named node, a mapping. An empty one is read too, to report the keys that it
// needs.
func (d *decoder) node(key, value *yamltree.Node, what, example string, read func()) {
	d.branch = "." + d.key + "." + key.Text
	defer func() { d.branch = "" }()
	if value.Kind == yamltree.Mapping && !value.Custom || value.Null() {
		read()
		return
	}
	if value.Custom {
		d.tag(value)
		return
	}
	hint := value.Misread()
	if hint == "" {
		hint = "such as `" + key.Text + ": " + example + "`"
	}
	d.mistake(value.Pos, what+" "+yamltree.Quote(key.Text)+" needs a mapping of keys, not "+value.What(), hint)
}
