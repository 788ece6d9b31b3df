package schema

import (
	"slices"

	"devloop/schema/yamltree"
)

// appendTag on a list adds its items to those of the list below it.
const appendTag = "!append"

// merge merges over into base: what is written in over wins, mappings merge key by key, `null` removes a
// key. Neither is changed. A missing key is not a zero: only what is in a file counts. path is where the
// values are, for messages about removed ones.
func (l *loader) merge(base, over *yamltree.Node, s shape, path string) *yamltree.Node {
	switch {
	case base == nil:
		return over
	case over == nil || over == base:
		return base
	case over.Tag == appendTag && over.Custom:
		return l.append(base, over, s)
	case over.Custom || base.Custom && base.Tag != appendTag:
		return over
	}
	base, over = s.written(base, over)
	if base.Kind != yamltree.Mapping || over.Kind != yamltree.Mapping {
		return over
	}
	if s.name == "readiness" && otherKind(base, over) {
		return over
	}
	out := &yamltree.Node{Kind: yamltree.Mapping, Source: over.Source, Pos: over.Pos, Tag: over.Tag, Flow: over.Flow}
	above := map[string]yamltree.Pair{}
	for _, p := range over.Pairs {
		above[p.Key.Text] = p
	}
	for _, p := range base.Pairs {
		o, both := above[p.Key.Text]
		switch {
		case !both:
			out.Pairs = append(out.Pairs, p)
		case o.Value.Null() && s.each != nil && s.each.null:
			out.Pairs = append(out.Pairs, o) // in `env` it is a value
		case o.Value.Null():
			l.removed[l.dir+path+"."+p.Key.Text] = o.Key.Pos
		default:
			out.Pairs = append(out.Pairs, yamltree.Pair{Key: o.Key, Value: l.merge(p.Value, o.Value, s.of(p.Key.Text), path+"."+p.Key.Text)})
		}
		delete(above, p.Key.Text)
	}
	for _, p := range over.Pairs {
		if _, left := above[p.Key.Text]; left {
			out.Pairs = append(out.Pairs, p)
		}
	}
	return out
}

// append adds the items of over to those of base.
func (l *loader) append(base, over *yamltree.Node, s shape) *yamltree.Node {
	base, over = s.listed(base), s.listed(over)
	if over.Kind != yamltree.List || base.Null() {
		return over // plain reports it, if it is a mistake
	}
	if base.Kind != yamltree.List {
		m := l.make(over.Pos, "`!append` adds to a list, but the inherited value is "+base.What(), "write the whole value, without `!append`")
		m.Also = append(m.Also, l.note(base.Pos, "which is set here"))
		l.mistakes = append(l.mistakes, m)
		return over
	}
	out := *over
	out.Items = slices.Concat(base.Items, over.Items)
	out.Tag, out.Custom = base.Tag, base.Custom // below this one there may be another
	return &out
}

// listed turns a single item into a list of one.
func (s shape) listed(n *yamltree.Node) *yamltree.Node {
	if n.Kind == yamltree.List || !s.loneList() || n.Null() {
		return n
	}
	item := *n
	item.Custom, item.Tag = n.Custom && n.Tag != appendTag, n.Tag
	if n.Tag == appendTag {
		item.Tag = "!!str"
		if n.Kind == yamltree.Mapping {
			item.Tag = "!!map"
		}
	}
	return &yamltree.Node{Kind: yamltree.List, Source: n.Source, Pos: n.Pos, Tag: n.Tag, Custom: n.Custom, Items: []*yamltree.Node{&item}}
}

// loneList tells whether a lone item may stand for a list.
func (s shape) loneList() bool {
	return s.lone || slices.ContainsFunc(s.or, func(o shape) bool { return o.lone })
}

// item is the shape of a list's items.
func (s shape) item() shape {
	if s.list != nil {
		return *s.list
	}
	for _, o := range s.or {
		if o.list != nil {
			return *o.list
		}
	}
	return shape{}
}

// written expands the shorthands of two values that merge, so that both are mappings.
func (s shape) written(base, over *yamltree.Node) (_, _ *yamltree.Node) {
	switch s.name {
	case "socket":
		return base.Under("listen"), over.Under("listen")
	case "variable":
		if base.Kind == yamltree.Mapping || over.Kind == yamltree.Mapping {
			return base.Under("default"), over.Under("default")
		}
	case "condition":
		return base.Under("condition"), over.Under("condition")
	case "readiness":
		return notified(base), notified(over)
	case "dependencies":
		if over.Kind == yamltree.Mapping {
			base = conditions(base)
		}
	}
	return base, over
}

// notified expands `ready: notify`.
func notified(n *yamltree.Node) *yamltree.Node {
	if n.Kind != yamltree.Scalar || n.Text != "notify" {
		return n
	}
	yes := *n
	yes.Tag, yes.Text, yes.Quoted = "!!bool", "true", false
	return yes.Under("notify")
}

// conditions expands a list of dependencies to a mapping to no condition.
func conditions(n *yamltree.Node) *yamltree.Node {
	items := n.Items
	if n.Kind == yamltree.Scalar && !n.Null() {
		items = []*yamltree.Node{n}
	} else if n.Kind != yamltree.List {
		return n
	}
	out := &yamltree.Node{Kind: yamltree.Mapping, Source: n.Source, Pos: n.Pos, Tag: "!!map"}
	for _, item := range items {
		if item.Kind != yamltree.Scalar || out.Get(item.Text) != nil {
			continue
		}
		out.Pairs = append(out.Pairs, yamltree.Pair{
			Key:   item,
			Value: &yamltree.Node{Kind: yamltree.Mapping, Source: item.Source, Pos: item.Pos, Tag: "!!map", Flow: true},
		})
	}
	return out
}

// otherKind tells whether over checks readiness in another way than base.
func otherKind(base, over *yamltree.Node) bool {
	for _, kind := range readyKinds {
		if v := over.Get(kind); v != nil && !v.Null() && base.Get(kind) == nil {
			return true
		}
	}
	return false
}

// of is the shape of a key's value.
func (s shape) of(key string) shape {
	for _, f := range s.fields {
		if f.name == key {
			return f.shape
		}
	}
	if s.each != nil {
		return *s.each
	}
	for _, o := range s.or {
		if len(o.fields) > 0 || o.each != nil {
			return o.of(key)
		}
	}
	return shape{}
}

// plain is the tree without `!append`, after the merge: where nothing lies below it, the list itself is
// left.
func (l *loader) plain(n *yamltree.Node, s shape) *yamltree.Node {
	if n == nil || !l.appending || !appends(n) {
		return n
	}
	out := *n
	if n.Custom && n.Tag == appendTag {
		out = *s.listed(n)
		if out.Kind != yamltree.List {
			l.mistake(n.Pos, "`!append` adds to a list, and `"+l.key+"` is not one", "take it away")
		}
		out.Custom, out.Tag = false, map[yamltree.Kind]string{yamltree.List: "!!seq", yamltree.Mapping: "!!map", yamltree.Scalar: "!!str"}[out.Kind]
	}
	if out.Kind == yamltree.List {
		out.Items = slices.Clone(out.Items)
		for i, c := range out.Items {
			out.Items[i] = l.plain(c, s.item())
		}
	}
	out.Pairs = slices.Clone(out.Pairs)
	for i, p := range out.Pairs {
		before := l.key
		l.key = p.Key.Text
		out.Pairs[i].Value = l.plain(p.Value, s.of(p.Key.Text))
		l.key = before
	}
	return &out
}

// appended is plain for a list that is read before anything is merged.
func (l *loader) appended(n *yamltree.Node) *yamltree.Node {
	return l.plain(n, shape{name: "list", list: &shape{name: "preset"}, lone: true})
}

// appends tells whether there is an `!append` at or below the node.
func appends(n *yamltree.Node) bool {
	if n.Custom && n.Tag == appendTag {
		return true
	}
	for _, item := range n.Items {
		if appends(item) {
			return true
		}
	}
	for _, p := range n.Pairs {
		if appends(p.Value) {
			return true
		}
	}
	return false
}
