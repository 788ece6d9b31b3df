package yamltree

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Node is one value of a file with aliases and merge keys already followed.
// What an alias names is shared, not copied, so a node keeps the place where
// its text stands, and must not be written to: change a copy.
type Node struct {
	Kind   Kind
	Source *Source
	Pos    Pos
	Tag    string // "!!str", "!!int", …; a scalar's is what YAML takes it for
	Custom bool   // the tag is written out, and is none of YAML's own
	Quoted bool   // a scalar in quotes, or a block
	Flow   bool   // a list or a mapping in brackets
	Text   string // of a scalar
	Items  []*Node
	Pairs  []Pair
	size   int // nodes at and below this one, aliases counted each time
}

// Pair is one entry of a mapping.
type Pair struct{ Key, Value *Node }

// Places are where the values of a mapping stand, by key: for what is only wrong
// beside something else.
type Places map[string]Pos

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Scalar Kind = iota
	List
	Mapping
)

// What names the node's type in a message.
func (n *Node) What() string {
	switch n.Kind {
	case List:
		return "a list"
	case Mapping:
		return "a mapping"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + Quote(n.Text)
	case "!!bool":
		return Quote(n.Text)
	}
	return "the text " + Quote(n.Text)
}

// Null reports whether the value is left empty (or `null`, or `~`).
func (n *Node) Null() bool {
	return n.Kind == Scalar && n.Tag == "!!null" && !n.Custom
}

// Get returns the value of a key, or nil.
func (n *Node) Get(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// Places are where the values stand, less those that are left empty.
func (n *Node) Places() Places {
	at := Places{}
	for _, p := range n.Pairs {
		if !p.Value.Null() {
			at[p.Key.Text] = p.Value.Pos
		}
	}
	return at
}

// KeyOf returns the key itself, or nil.
func (n *Node) KeyOf(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Key
		}
	}
	return nil
}

// At is the place of the byte offset in a scalar's text: exact where the text
// stands in the line as it is, otherwise where the scalar begins.
func (n *Node) At(offset int) Pos {
	if offset <= 0 || offset > len(n.Text) || strings.Contains(n.Text[:offset], "\n") {
		return n.Pos
	}
	pos := n.Pos
	for range 2 { // a quote
		if strings.HasPrefix(n.Source.from(pos.Line, pos.Col), n.Text[:offset]) {
			pos.Col += utf8.RuneCountInString(n.Text[:offset])
			return pos
		}
		pos.Col++
	}
	return n.Pos
}

// Misread says what YAML made of text that was not quoted, or "".
func (n *Node) Misread() string {
	switch {
	case n.Kind == Mapping && n.Flow && len(n.Pairs) > 0 && n.Pairs[0].Value.Null():
		return "YAML reads `{a,b}` as a mapping: quote the pattern"
	case n.Kind == Mapping && len(n.Pairs) == 1:
		key, value := n.Pairs[0].Key, n.Pairs[0].Value
		if value.Kind == Scalar && strings.ContainsAny(key.Text, " /") {
			return "YAML reads a `: ` as a key; quote the whole text: " + QuoteScalar(key.Text+": "+FirstLine(value.Text))
		}
	case n.Kind == Scalar && !n.Quoted && missingSpace.MatchString(n.Text):
		return "a space belongs after the colon"
	}
	return ""
}

// Under is a scalar as the value of the one key of a mapping; any other value
// stays as it is.
func (n *Node) Under(key string) *Node {
	if n.Kind != Scalar || n.Null() {
		return n
	}
	k := &Node{Kind: Scalar, Source: n.Source, Pos: n.Pos, Tag: "!!str", Text: key}
	return &Node{Kind: Mapping, Source: n.Source, Pos: n.Pos, Tag: "!!map", Pairs: []Pair{{k, n}}}
}

// Without is a copy of a mapping less one key.
func (n *Node) Without(key string) *Node {
	out := *n
	out.Pairs = slices.DeleteFunc(slices.Clone(n.Pairs), func(p Pair) bool { return p.Key.Text == key })
	return &out
}

// FirstLine is text up to its first line break.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(line, "\r")
}
