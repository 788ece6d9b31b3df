package schema

import (
	"strings"
	"unicode"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// A table describes a mapping with known keys: one row for each key, with its
// name, its type, and what it means. The rows are all there is: the decoder
// reads by them, hints come from them, and so can a JSON schema and a
// reference page.
type table[T any] struct {
	what    string // such as "a watcher"
	keys    []key[T]
	aliases aliases // keys of other tools, with the hint they get
}

// key is one row of a table.
type key[T any] struct {
	name     string
	shape    shape
	doc      string // one sentence
	def      string // the default, as the reference shows it
	required bool
	read     func(d *decoder, n *yamltree.Node, to *T)
}

// typ is a type of the language: its shape, and how it is read. read reports
// false if it recorded a mistake and has no value to give.
type typ[V any] struct {
	shape shape
	read  func(d *decoder, n *yamltree.Node) (V, bool)
}

// shape is a type as the reference and a JSON schema describe it.
type shape struct {
	name   string   // "string", "integer", "boolean", "duration", "pattern", …
	values []string // if only these are allowed
	list   *shape   // of the items, for a list
	lone   bool     // for a list: a lone item is a list of one
	null   bool     // null is a value of its own
	fields []field  // for a mapping with known keys
	each   *shape   // for a mapping with free keys
	or     []shape  // any one of these
}

// field is a key without the type that it is read into.
type field struct {
	name, doc, def string
	required       bool
	shape          shape
}

// row makes a key that reads type t into a field of T.
func row[T, V any](name string, t typ[V], to func(*T) *V, doc string) key[T] {
	return key[T]{
		name: name, shape: t.shape, doc: doc,
		read: func(d *decoder, n *yamltree.Node, into *T) {
			if v, ok := t.read(d, n); ok {
				*to(into) = v
			}
		},
	}
}

// ptr is row for a field that is nil unless the key is there.
func ptr[T, V any](name string, t typ[V], to func(*T) **V, doc string) key[T] {
	return key[T]{
		name: name, shape: t.shape, doc: doc,
		read: func(d *decoder, n *yamltree.Node, into *T) {
			if v, ok := t.read(d, n); ok {
				*to(into) = &v
			}
		},
	}
}

func (k key[T]) must() key[T]         { k.required = true; return k }
func (k key[T]) or(def string) key[T] { k.def = def; return k }
func (t *table[T]) find(name string) *key[T] {
	for i := range t.keys {
		if t.keys[i].name == name {
			return &t.keys[i]
		}
	}
	return nil
}

// names are the keys of the table, in its order.
func (t *table[T]) names() []string {
	names := make([]string, len(t.keys))
	for i, k := range t.keys {
		names[i] = k.name
	}
	return names
}

// shape is the mapping that the table reads.
func (t *table[T]) shape() shape {
	fields := make([]field, len(t.keys))
	for i, k := range t.keys {
		fields[i] = field{k.name, k.doc, k.def, k.required, k.shape}
	}
	return shape{name: t.what, fields: fields}
}

// read reads a mapping into to. owner and at say whose mapping it is, for keys
// that are missing.
func (t *table[T]) read(d *decoder, n *yamltree.Node, to *T, owner string, at Pos) {
	meant := map[string]bool{} // keys that are there under another name
	for _, p := range n.Pairs {
		name := p.Key.Text
		if strings.HasPrefix(name, "x-") {
			continue
		}
		k := t.find(name)
		if k == nil {
			hint, key := t.hint(p)
			meant[key] = true
			d.mistake(p.Key.Pos, "unknown key "+yamltree.Quote(name)+" in "+t.what, hint)
			continue
		}
		if p.Value.Null() {
			if k.required {
				d.mistake(p.Key.Pos, "`"+name+"` has no value", k.hint())
			}
			continue
		}
		before, beforePos := d.key, d.keyPos
		d.key, d.keyPos = name, p.Key.Pos
		k.read(d, p.Value, to)
		d.key, d.keyPos = before, beforePos
	}
	for i := range t.keys {
		if k := &t.keys[i]; k.required && n.Get(k.name) == nil && !meant[k.name] && !d.partial {
			m := d.make(at, owner+" needs `"+k.name+"`", k.hint())
			if pos, ok := d.removed[d.dir+d.branch+"."+k.name]; ok {
				m.Also = append(Mistakes{d.note(pos, "it is removed here")}, m.Also...)
			}
			d.mistakes = append(d.mistakes, m)
		}
	}
}

func (k *key[T]) hint() string { return "`" + k.name + "`: " + k.doc }

// hint says what an unknown key was probably meant to be, and names the key if
// it is one of the table.
func (t *table[T]) hint(p yamltree.Pair) (hint, meant string) {
	name := p.Key.Text
	if p.Value.Kind == yamltree.Scalar && strings.ContainsAny(name, " \t") {
		return "YAML reads a `: ` as a key; quote the whole text if it is a command: " + yamltree.QuoteScalar(name+": "+yamltree.FirstLine(p.Value.Text)), ""
	}
	plain := snake(name)
	if t.find(plain) != nil {
		return "write `" + plain + "`", plain
	}
	for _, n := range []string{name, plain} {
		if hint, ok := t.aliases.hint(n); ok {
			if t.find(hint) != nil {
				return "it is `" + hint + "` here", hint
			}
			return hint, ""
		}
	}
	if near, ok := nearest.Of(plain, t.names()); ok {
		return "did you mean `" + near + "`?", near
	}
	if of := owners[plain]; len(of) > 0 {
		return "`" + plain + "` is a key of " + strings.Join(of, ", and of "), ""
	}
	return "known keys: " + strings.Join(t.names(), ", "), ""
}

// snake turns dependsOn, depends-on and DependsOn into depends_on.
func snake(name string) string {
	var b strings.Builder
	before := ' '
	for _, r := range name {
		switch {
		case r == '-' || r == ' ':
			b.WriteByte('_')
		case unicode.IsUpper(r):
			if unicode.IsLower(before) {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

// owners are the tables that have a key, by its name.
var owners = map[string][]string{}

// own adds the keys of a table to owners.
func own[T any](t *table[T]) {
	for _, name := range t.names() {
		owners[name] = append(owners[name], t.what)
	}
}
