package schema

import (
	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

// listOf is a list of t, which wanted describes; with lone, a single value is a list of one.
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

// named is a mapping from free names to values that read makes. A value with mistakes stays in the list, so
// that its name is known.
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

var nameForm = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
