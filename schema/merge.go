package schema

import (
	"slices"
	"sync"
)

// appendTag on a list adds its items to those of the list below it.
const appendTag = "!append"

// topShape is the shape of a whole file. It is made once: the tables are the
// same for every load.
var topShape = sync.OnceValue(func() shape { return topKeys.shape() })

// merge lays over above base: what is written in over wins, mappings merge key
// by key, `null` takes a key away. Neither is written to. Absent is not zero:
// only what stands in a file counts. path is where the values stand, for what
// is said of those that were taken away.
func (d *decoder) merge(base, over *node, s shape, path string) *node {
	switch {
	case base == nil:
		return over
	case over == nil || over == base:
		return base
	case over.tag == appendTag && over.custom:
		return d.append(base, over, s)
	case over.custom || base.custom && base.tag != appendTag:
		return over
	}
	base, over = s.written(base, over)
	if base.kind != mapping || over.kind != mapping {
		return over
	}
	if s.name == "readiness" && otherKind(base, over) {
		return over
	}
	out := &node{kind: mapping, src: over.src, pos: over.pos, tag: over.tag, flow: over.flow, size: 1}
	add := func(p pair) {
		out.pairs = append(out.pairs, p)
		out.size += p.value.size
	}
	above := map[string]pair{}
	for _, p := range over.pairs {
		above[p.key.text] = p
	}
	for _, p := range base.pairs {
		o, both := above[p.key.text]
		switch {
		case !both:
			add(p)
		case o.value.null() && s.each != nil && s.each.null:
			add(o) // in `env` it is a value
		case o.value.null():
			d.removed[d.dir+path+"."+p.key.text] = o.key.pos
		default:
			add(pair{o.key, d.merge(p.value, o.value, s.of(p.key.text), path+"."+p.key.text)})
		}
		delete(above, p.key.text)
	}
	for _, p := range over.pairs {
		if _, left := above[p.key.text]; left {
			add(p)
		}
	}
	return out
}

// append adds the items of over to those of base.
func (d *decoder) append(base, over *node, s shape) *node {
	base, over = s.listed(base), s.listed(over)
	if over.kind != list || base.null() {
		return over // which plain tells, if it is a mistake
	}
	if base.kind != list {
		m := d.make(over.pos, "`!append` adds to a list, and what it adds to is "+base.what(), "write the whole value, without `!append`")
		m.Also = append(m.Also, d.note(base.pos, "which stands here"))
		d.mistakes = append(d.mistakes, m)
		return over
	}
	out := *over
	out.items = slices.Concat(base.items, over.items)
	out.size = base.size + over.size
	out.tag, out.custom = base.tag, base.custom // below this one there may be another
	return &out
}

// listed writes a lone item out as a list of one.
func (s shape) listed(n *node) *node {
	if n.kind == list || !s.loneList() || n.null() {
		return n
	}
	item := *n
	item.custom, item.tag = n.custom && n.tag != appendTag, n.tag
	if n.tag == appendTag {
		item.tag = "!!str"
		if n.kind == mapping {
			item.tag = "!!map"
		}
	}
	return &node{kind: list, src: n.src, pos: n.pos, tag: n.tag, custom: n.custom, items: []*node{&item}, size: n.size + 1}
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

// written writes out the shorthands of two values that merge, so that both are
// mappings.
func (s shape) written(base, over *node) (_, _ *node) {
	switch s.name {
	case "socket":
		return base.under("listen"), over.under("listen")
	case "condition":
		return base.under("condition"), over.under("condition")
	case "readiness":
		return notified(base), notified(over)
	case "dependencies":
		if over.kind == mapping {
			base = conditions(base)
		}
	}
	return base, over
}

// under is a scalar as the value of the one key of a mapping.
func (n *node) under(key string) *node {
	if n.kind != scalar || n.null() {
		return n
	}
	k := &node{kind: scalar, src: n.src, pos: n.pos, tag: "!!str", text: key, size: 1}
	return &node{kind: mapping, src: n.src, pos: n.pos, tag: "!!map", pairs: []pair{{k, n}}, size: n.size + 1}
}

// notified writes `ready: notify` out.
func notified(n *node) *node {
	if n.kind != scalar || n.text != "notify" {
		return n
	}
	yes := *n
	yes.tag, yes.text, yes.quoted = "!!bool", "true", false
	return yes.under("notify")
}

// conditions writes a list of dependencies out as a mapping to no condition.
func conditions(n *node) *node {
	items := n.items
	if n.kind == scalar && !n.null() {
		items = []*node{n}
	} else if n.kind != list {
		return n
	}
	out := &node{kind: mapping, src: n.src, pos: n.pos, tag: "!!map", size: 1}
	for _, item := range items {
		if item.kind != scalar || out.get(item.text) != nil {
			continue
		}
		out.pairs = append(out.pairs, pair{item, &node{kind: mapping, src: item.src, pos: item.pos, tag: "!!map", flow: true, size: 1}})
		out.size += 2
	}
	return out
}

// otherKind tells whether over checks readiness in another way than base.
func otherKind(base, over *node) bool {
	for _, kind := range readyKinds {
		if v := over.get(kind); v != nil && !v.null() && base.get(kind) == nil {
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

// plain is the tree without `!append`, which has done its work: where nothing
// lies below it, the list is all there is.
func (d *decoder) plain(n *node, s shape) *node {
	if n == nil || !d.appending || !n.appends() {
		return n
	}
	out := *n
	if n.custom && n.tag == appendTag {
		out = *s.listed(n)
		if out.kind != list {
			d.mistake(n.pos, "`!append` adds to a list, and `"+d.key+"` is none", "take it away")
		}
		out.custom, out.tag = false, map[nodeKind]string{list: "!!seq", mapping: "!!map", scalar: "!!str"}[out.kind]
	}
	if out.kind == list {
		out.items = slices.Clone(out.items)
		for i, c := range out.items {
			out.items[i] = d.plain(c, s.item())
		}
	}
	out.pairs = slices.Clone(out.pairs)
	for i, p := range out.pairs {
		before := d.key
		d.key = p.key.text
		out.pairs[i].value = d.plain(p.value, s.of(p.key.text))
		d.key = before
	}
	return &out
}

// appended is plain for a list that is read before anything is merged.
func (d *decoder) appended(n *node) *node {
	return d.plain(n, shape{name: "list", list: &shape{name: "preset"}, lone: true})
}

// appends tells whether there is an `!append` at or below the node.
func (n *node) appends() bool {
	if n.custom && n.tag == appendTag {
		return true
	}
	for _, item := range n.items {
		if item.appends() {
			return true
		}
	}
	for _, p := range n.pairs {
		if p.value.appends() {
			return true
		}
	}
	return false
}

// without is a mapping less one key.
func (n *node) without(key string) *node {
	out := *n
	out.pairs = slices.DeleteFunc(slices.Clone(n.pairs), func(p pair) bool { return p.key.text == key })
	return &out
}
