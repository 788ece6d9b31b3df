package schema

import (
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

func newDecoder(file, path string, opt Options) *decoder {
	d := &decoder{
		opt: opt.withDefaults(), first: file,
		sources: sources{}, files: map[string]*source{}, ways: map[string]way{},
		seen: map[string]bool{}, removed: map[string]Pos{},
	}
	d.owners, d.anybodys = trustedOwners(path)
	return d
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

// note is a place that has to do with a mistake elsewhere.
func (d *decoder) note(pos Pos, msg string) Mistake {
	m := Mistake{Pos: pos, Msg: msg}
	if s := d.sources[pos.File]; s != nil {
		m.Line = s.Line(pos.Line)
	}
	return m
}

// route is how a file came into the load: the places that asked for it.
func (d *decoder) route(file string) Mistakes {
	var also Mistakes
	for range maxFiles {
		w, ok := d.ways[file]
		if !ok {
			break
		}
		also = append(also, d.note(w.pos, w.how))
		file = w.pos.File
	}
	return also
}

// maxFiles bounds the files of one load, each counted as often as it is laid
// under another: a dozen presets that extend two others each would come to
// thousands.
const maxFiles = 256

// node reads the value of a named node, which is a mapping. An empty one is
// read too, so that the keys it needs are told.
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
