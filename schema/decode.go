package schema

import (
	"regexp"
	"slices"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// decoder reads a tree by the tables. It goes on after a mistake, so that one
// load finds all of them.
type decoder struct {
	opt      Options
	dir      string   // the project that is being read
	current  *Project // the same
	top      *source  // its devloop.yaml
	within   []step   // what includes it
	vars     *vars
	mistakes Mistakes
	warnings Mistakes
	filled   int // bytes that references came to

	first     string             // the file that was loaded
	owners    []int              // who may own the files that it leads to
	anybodys  bool               // anybody may write the file that was loaded
	structure bool               // env files are not read: only which projects there are is asked for
	sources   sources            // by their names in messages
	files     map[string]*source // by their absolute paths; nil for one that cannot be read
	ways      map[string]way     // how a file came into the load, by its name in messages
	looked    []string           // files that were read or looked for
	seen      map[string]bool    // the same
	removed   map[string]Pos     // what `null` took away, such as ".sockets.web"
	count     int                // files that were laid under another, or included
	partial   bool               // a file is missing: what it would have brought is not missed
	appending bool               // a file has an `!append`
	secrets   []string           // values of the environment's secrets that were filled in

	branch string // of the tree that is being read, such as ".processes.server"
	key    string // the key whose value is being read, for messages
	keyPos Pos
}

// mistake records one at a place in a file that the decoder has read.
func (d *decoder) mistake(pos Pos, msg, hint string) {
	d.mistakes = append(d.mistakes, d.make(pos, msg, hint))
}

// warn records what loads, but is probably not what was meant.
func (d *decoder) warn(pos Pos, msg, hint string) {
	d.warnings = append(d.warnings, d.make(pos, msg, hint))
}

func (d *decoder) make(pos Pos, msg, hint string) Mistake {
	m := d.note(pos, msg)
	m.Hint = hint
	m.Also = d.route(pos.File)
	return m
}

// both is mistake for two values that do not fit each other. The other one is
// told too if it stands in another file.
func (d *decoder) both(pos Pos, msg, hint string, other Pos, what string) {
	d.mistakes = append(d.mistakes, d.pair(pos, msg, hint, other, what))
}

// elsewhere adds a further value that the last mistake comes of, if it stands
// in a file of its own.
func (d *decoder) elsewhere(other Pos, what string) {
	last := &d.mistakes[len(d.mistakes)-1]
	if other.File == "" || other.File == last.Pos.File || slices.ContainsFunc(last.Also, func(m Mistake) bool { return m.Pos == other }) {
		return
	}
	last.Also = append(Mistakes{d.note(other, what)}, last.Also...)
}

func (d *decoder) pair(pos Pos, msg, hint string, other Pos, what string) Mistake {
	m := d.make(pos, msg, hint)
	if other.File != pos.File && other.File != "" {
		m.Also = append(Mistakes{d.note(other, what)}, m.Also...)
	}
	return m
}

// gone is the note of a `null` that took away what is missed; path is where it
// stood, such as ".sockets.web".
func (d *decoder) gone(p *Project, paths ...string) Mistakes {
	for _, path := range paths {
		if pos, ok := d.removed[p.Dir+path]; ok {
			return Mistakes{d.note(pos, "it is removed here")}
		}
	}
	return nil
}

// missed is mistake for what is not there: the `null` that took it away is told.
func (d *decoder) missed(pos Pos, msg, hint string, p *Project, paths ...string) {
	m := d.make(pos, msg, hint)
	m.Also = append(d.gone(p, paths...), m.Also...)
	d.mistakes = append(d.mistakes, m)
}

// near is a hint for a name that is not among names: the nearest one, or what
// there is, if it is little. After many mistakes the cost, which is the product
// of both, is no longer spent.
func (d *decoder) near(name string, names []string) string {
	if len(d.mistakes) > yamltree.MaxMistakes {
		return ""
	}
	hint := nearest.Hint(name, names)
	if hint == "" && len(names) > 0 && len(names) <= 8 {
		hint = "the file has " + series(names, " and ")
	}
	return hint
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

// tag is about a tag of the file's own, mostly a `!` that was meant as text.
func (d *decoder) tag(n *yamltree.Node) {
	if n.Tag == yamltree.UnknownTag && len(d.mistakes) > 0 {
		return // of repair, which has told the mistake
	}
	switch n.Tag {
	case "!override", "!replace":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "a list replaces the inherited one anyway; `!append` adds to it")
	case "!reset", "!remove", "!delete", "!unset":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "`null` removes what is inherited")
	case "!merge", "!extend", "!add":
		d.mistake(n.Pos, "there is no `"+n.Tag+"` here", "mappings merge by themselves; `!append` adds to a list")
	default:
		d.mistake(n.Pos, "YAML reads "+yamltree.Quote(n.Tag)+" as a tag", tagHint)
	}
}

// wrong is about a value of another type than the key needs.
func (d *decoder) wrong(n *yamltree.Node, wanted string) {
	d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not "+n.What(), n.Misread())
}

// tagHint is what to write in place of a value that begins with `!`.
const tagHint = "a value that begins with `!` needs quotes; what `!` takes away from a pattern belongs under `ignore`"

// listOf is a list of t, for which wanted has the words; with lone, a lone
// value is a list of one.
func listOf[V any](t typ[V], lone bool, wanted string) typ[[]V] {
	return typ[[]V]{
		shape: shape{name: "list", list: &t.shape, lone: lone},
		read: func(d *decoder, n *yamltree.Node) ([]V, bool) {
			items := []*yamltree.Node{n}
			if n.Kind == yamltree.List && !n.Custom {
				items = n.Items
			} else if !lone {
				d.is(n, yamltree.List, wanted)
				return nil, false
			}
			values := make([]V, 0, len(items))
			for _, item := range items {
				if v, ok := t.read(d, item); ok {
					values = append(values, v)
				}
			}
			return values, true
		},
	}
}

// filled is a list type that must not be empty.
func filled[V any](t typ[[]V]) typ[[]V] {
	read := t.read
	t.read = func(d *decoder, n *yamltree.Node) ([]V, bool) {
		if n.Kind == yamltree.List && len(n.Items) == 0 {
			d.mistake(n.Pos, "`"+d.key+"` is empty", "")
			return nil, false
		}
		return read(d, n)
	}
	return t
}

// named is a mapping from free names to values that read makes. A value whose
// reading failed stays in the list, so that its name is known.
func named[V any](each shape, wanted string, read func(d *decoder, key, value *yamltree.Node) V) typ[[]V] {
	return typ[[]V]{
		shape: shape{name: "mapping", each: &each},
		read: func(d *decoder, n *yamltree.Node) ([]V, bool) {
			if !d.is(n, yamltree.Mapping, wanted) {
				return nil, false
			}
			values := make([]V, 0, len(n.Pairs))
			for _, p := range n.Pairs {
				d.name(p.Key)
				values = append(values, read(d, p.Key, p.Value))
			}
			return values, true
		},
	}
}

// name checks the name of a node or a socket.
func (d *decoder) name(key *yamltree.Node) {
	if !nameForm.MatchString(key.Text) {
		d.mistake(key.Pos, yamltree.Quote(key.Text)+" is not a name", "a name has letters, digits, `_`, `.` and `-`, and begins with a letter or a digit")
	}
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
