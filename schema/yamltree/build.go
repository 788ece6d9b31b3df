package yamltree

import (
	"math"
	"strconv"

	"gopkg.in/yaml.v3"
)

// aliasBudget is how many nodes aliases may add to those that are written out.
// A dozen aliases of aliases can stand for billions.
const aliasBudget = 100_000

// builder turns a yaml.Node into a Node. yaml.v3 guards neither its own Node
// form against alias bombs nor against an anchor that contains itself.
type builder struct {
	src      *Source
	mistakes *Mistakes
	built    map[*yaml.Node]*Node
	open     map[*yaml.Node]bool // being built: an alias to one of these has no end
	written  int
	alias    Pos  // of the last alias
	burst    bool // the budget is spent, and that has been said
}

func newBuilder(src *Source, mistakes *Mistakes) *builder {
	return &builder{src: src, mistakes: mistakes, built: map[*yaml.Node]*Node{}, open: map[*yaml.Node]bool{}}
}

func (b *builder) mistake(pos Pos, msg, hint string) {
	*b.mistakes = append(*b.mistakes, b.src.Mistake(pos, msg, hint))
}

// build returns nil if y has no finite value; the mistake is then recorded.
func (b *builder) build(y *yaml.Node) *Node {
	pos := b.src.clamp(y.Line, y.Column)
	if y.Kind == yaml.AliasNode {
		if b.open[y.Alias] {
			b.mistake(pos, "the anchor `&"+y.Value+"` contains itself", "an alias can only repeat a value that is complete before it")
			return nil
		}
		b.alias = pos
		return b.built[y.Alias]
	}
	b.open[y] = true
	defer delete(b.open, y)
	b.written++
	n := &Node{Source: b.src, Pos: pos, Tag: y.ShortTag(), size: 1}
	n.Flow = y.Style&yaml.FlowStyle != 0
	n.Custom = y.Style&yaml.TaggedStyle != 0 && !coreTags[n.Tag]
	switch y.Kind {
	case yaml.SequenceNode:
		n.Kind = List
		for _, c := range y.Content {
			if item := b.build(c); item != nil {
				n.Items = append(n.Items, item)
				b.grow(n, item.size)
			}
		}
	case yaml.MappingNode:
		n.Kind = Mapping
		b.pairs(n, y.Content)
	default:
		n.Text = y.Value
		n.Quoted = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	}
	b.built[y] = n
	return n
}

func (b *builder) pairs(n *Node, content []*yaml.Node) {
	first := map[string]Pos{}
	merged := map[string]bool{}
	for i := 0; i+1 < len(content); i += 2 {
		k := content[i]
		if k.ShortTag() == "!!merge" {
			continue
		}
		if k.Kind != yaml.ScalarNode {
			b.mistake(b.src.clamp(k.Line, k.Column), "a key must be a name, not "+yamlKind(k), "quote it if it is text")
			continue
		}
		pos := b.src.clamp(k.Line, k.Column)
		if before, twice := first[k.Value]; twice {
			b.mistake(pos, "the key "+Quote(k.Value)+" appears twice", "the first one is in line "+strconv.Itoa(before.Line))
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
		if key == nil || value == nil || key.Kind != Scalar || seen[key.Text] {
			continue
		}
		seen[key.Text] = true
		n.Pairs = append(n.Pairs, Pair{key, value})
		b.grow(n, value.size)
	}
}

// merge adds the entries of a `<<` value whose keys are neither written out in
// n nor merged before: what stands in the mapping itself wins, then the first
// of several (YAML 1.1, "Merge Key Language-Independent Type").
func (b *builder) merge(n *Node, v *yaml.Node, written map[string]Pos, merged map[string]bool) {
	value := b.build(v)
	if value == nil {
		return
	}
	from := []*Node{value}
	if value.Kind == List {
		from = value.Items
	}
	for _, m := range from {
		if m.Kind != Mapping {
			b.mistake(b.src.clamp(v.Line, v.Column), "`<<` merges mappings, not "+m.What(), "write `<<: *name`, where `&name` stands before a mapping")
			return
		}
		if b.grow(n, len(m.Pairs)); b.burst {
			return
		}
		for _, p := range m.Pairs {
			if _, ok := written[p.Key.Text]; ok || merged[p.Key.Text] {
				continue
			}
			merged[p.Key.Text] = true
			n.Pairs = append(n.Pairs, p)
			b.grow(n, p.Value.size)
		}
	}
}

// grow counts what n holds, and says once when aliases make that too much.
func (b *builder) grow(n *Node, by int) {
	n.size = min(n.size+by, math.MaxInt32)
	if n.size > b.written+aliasBudget && !b.burst {
		b.burst = true
		b.mistake(b.alias, "aliases stand for more than "+strconv.Itoa(aliasBudget)+" values", "use fewer aliases, or smaller ones")
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
