package schema

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// node is one value of a file with aliases and merge keys already followed.
// What an alias names is shared, not copied, so a node keeps the place where
// its text stands, and is never written to once it is built.
type node struct {
	kind   nodeKind
	src    *source
	pos    Pos
	tag    string // "!!str", "!!int", …; a scalar's is what YAML takes it for
	custom bool   // the tag is written out, and is none of YAML's own
	quoted bool   // a scalar in quotes, or a block
	flow   bool   // a list or a mapping in brackets
	text   string // of a scalar
	items  []*node
	pairs  []pair
	size   int // nodes at and below this one, aliases counted each time
}

// pair is one entry of a mapping.
type pair struct{ key, value *node }

type nodeKind uint8

const (
	scalar nodeKind = iota
	list
	mapping
)

// aliasBudget is how many nodes aliases may add to those that are written out.
// A dozen aliases of aliases can stand for billions.
const aliasBudget = 100_000

// builder turns a yaml.Node into a node. yaml.v3 guards neither its own Node
// form against alias bombs nor against an anchor that contains itself.
type builder struct {
	src      *source
	mistakes *Mistakes
	built    map[*yaml.Node]*node
	open     map[*yaml.Node]bool // being built: an alias to one of these has no end
	written  int
	alias    Pos  // of the last alias
	burst    bool // the budget is spent, and that has been said
}

func newBuilder(src *source, mistakes *Mistakes) *builder {
	return &builder{src: src, mistakes: mistakes, built: map[*yaml.Node]*node{}, open: map[*yaml.Node]bool{}}
}

func (b *builder) mistake(pos Pos, msg, hint string) {
	*b.mistakes = append(*b.mistakes, b.src.mistake(pos, msg, hint))
}

// build returns nil if y has no finite value; the mistake is then recorded.
func (b *builder) build(y *yaml.Node) *node {
	pos := b.src.clamp(y.Line, y.Column)
	if y.Kind == yaml.AliasNode {
		if b.open[y.Alias] {
			b.mistake(pos, "the anchor `&"+y.Value+"` contains itself", "an alias can only repeat what was finished before it")
			return nil
		}
		b.alias = pos
		return b.built[y.Alias]
	}
	b.open[y] = true
	defer delete(b.open, y)
	b.written++
	n := &node{src: b.src, pos: pos, tag: y.ShortTag(), size: 1}
	n.flow = y.Style&yaml.FlowStyle != 0
	n.custom = y.Style&yaml.TaggedStyle != 0 && !coreTags[n.tag]
	switch y.Kind {
	case yaml.SequenceNode:
		n.kind = list
		for _, c := range y.Content {
			if item := b.build(c); item != nil {
				n.items = append(n.items, item)
				b.grow(n, item.size)
			}
		}
	case yaml.MappingNode:
		n.kind = mapping
		b.pairs(n, y.Content)
	default:
		n.text = y.Value
		n.quoted = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	}
	b.built[y] = n
	return n
}

func (b *builder) pairs(n *node, content []*yaml.Node) {
	first := map[string]Pos{}
	merged := map[string]bool{}
	for i := 0; i+1 < len(content); i += 2 {
		k := content[i]
		if k.ShortTag() == "!!merge" {
			continue
		}
		if k.Kind != yaml.ScalarNode {
			b.mistake(b.src.clamp(k.Line, k.Column), "a key must be a name, not "+yamlKind(k), "quote it if it is meant to be text")
			continue
		}
		pos := b.src.clamp(k.Line, k.Column)
		if before, twice := first[k.Value]; twice {
			b.mistake(pos, "the key "+quote(k.Value)+" stands twice", "the first one is in line "+strconv.Itoa(before.Line))
			continue
		}
		first[k.Value] = pos
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(content); i += 2 {
		k, v := content[i], content[i+1]
		if k.ShortTag() == "!!merge" {
			b.merge(n, v, first, merged)
			continue
		}
		key, value := b.build(k), b.build(v)
		if key == nil || value == nil || key.kind != scalar || seen[key.text] {
			continue
		}
		seen[key.text] = true
		n.pairs = append(n.pairs, pair{key, value})
		b.grow(n, value.size)
	}
}

// merge adds the entries of a `<<` value whose keys are neither written out in
// n nor merged before: what stands in the mapping itself wins, then the first
// of several (YAML 1.1, "Merge Key Language-Independent Type").
func (b *builder) merge(n *node, v *yaml.Node, written map[string]Pos, merged map[string]bool) {
	value := b.build(v)
	if value == nil {
		return
	}
	from := []*node{value}
	if value.kind == list {
		from = value.items
	}
	for _, m := range from {
		if m.kind != mapping {
			b.mistake(b.src.clamp(v.Line, v.Column), "`<<` merges mappings, not "+m.what(), "write `<<: *name`, where `&name` stands before a mapping")
			return
		}
		if b.grow(n, len(m.pairs)); b.burst {
			return
		}
		for _, p := range m.pairs {
			if _, ok := written[p.key.text]; ok || merged[p.key.text] {
				continue
			}
			merged[p.key.text] = true
			n.pairs = append(n.pairs, p)
			b.grow(n, p.value.size)
		}
	}
}

// grow counts what n holds, and says once when aliases make that too much.
func (b *builder) grow(n *node, by int) {
	n.size = min(n.size+by, math.MaxInt32)
	if n.size > b.written+aliasBudget && !b.burst {
		b.burst = true
		b.mistake(b.alias, "aliases stand for more than "+strconv.Itoa(aliasBudget)+" values", "write fewer of them out, or less in each")
	}
}

// coreTags are the tags that say no more than what a plain value already says.
var coreTags = map[string]bool{
	"!!str": true, "!!int": true, "!!float": true, "!!bool": true, "!!null": true,
	"!!seq": true, "!!map": true, "!!timestamp": true, "!!merge": true, "!": true,
}

func yamlKind(y *yaml.Node) string {
	switch y.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	case yaml.AliasNode:
		return "an alias"
	}
	return "a value"
}

// what names the node's type in a message.
func (n *node) what() string {
	switch n.kind {
	case list:
		return "a list"
	case mapping:
		return "a mapping"
	}
	switch n.tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + quote(n.text)
	case "!!bool":
		return quote(n.text)
	}
	return "the text " + quote(n.text)
}

// null reports whether the value is left empty (or `null`, or `~`).
func (n *node) null() bool {
	return n.kind == scalar && n.tag == "!!null" && !n.custom
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// places are where the values stand, less those that are left empty.
func (n *node) places() places {
	at := places{}
	for _, p := range n.pairs {
		if !p.value.null() {
			at[p.key.text] = p.value.pos
		}
	}
	return at
}

// keyOf returns the key itself, or nil.
func (n *node) keyOf(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.key
		}
	}
	return nil
}

// at is the place of the byte offset in a scalar's text: exact where the text
// stands in the line as it is, otherwise where the scalar begins.
func (n *node) at(offset int) Pos {
	if offset <= 0 || offset > len(n.text) || strings.Contains(n.text[:offset], "\n") {
		return n.pos
	}
	pos := n.pos
	for range 2 { // a quote
		if strings.HasPrefix(n.src.from(pos.Line, pos.Col), n.text[:offset]) {
			pos.Col += utf8.RuneCountInString(n.text[:offset])
			return pos
		}
		pos.Col++
	}
	return n.pos
}
