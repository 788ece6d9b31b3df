package starter

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// tree is a YAML file of another tool, read without knowing all of it.
type tree struct{ *yaml.Node }

func parseTree(text []byte) (tree, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return tree{}, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return tree{}, fmt.Errorf("it is no mapping of keys")
	}
	return tree{doc.Content[0]}, nil
}

// pair is a key of a mapping.
type pair struct {
	key   string
	line  int
	value tree
}

func (t tree) pairs() []pair {
	n := t.resolved()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var all []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, pair{n.Content[i].Value, n.Content[i].Line, tree{n.Content[i+1]}})
	}
	return all
}

// resolved is what an alias stands for.
func (t tree) resolved() *yaml.Node {
	if t.Node != nil && t.Kind == yaml.AliasNode {
		return t.Alias
	}
	return t.Node
}

func (t tree) get(keys ...string) tree {
	for _, key := range keys {
		found := tree{}
		for _, p := range t.pairs() {
			if p.key == key {
				found = p.value
			}
		}
		t = found
	}
	return t
}

// text is a scalar's; "" for all else.
func (t tree) text() string {
	if n := t.resolved(); n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value
	}
	return ""
}

// list is a list of scalars, or a lone one.
func (t tree) list() []string {
	n := t.resolved()
	if n == nil {
		return nil
	}
	if s := t.text(); s != "" {
		return []string{s}
	}
	var all []string
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			all = append(all, tree{item}.text())
		}
	}
	return all
}

func (t tree) isList() bool {
	n := t.resolved()
	return n != nil && n.Kind == yaml.SequenceNode
}

// each is what the mappings of a list have under a key.
func (t tree) each(key string) (all []string) {
	if n := t.resolved(); t.isList() {
		for _, item := range n.Content {
			if text := (tree{item}).get(key).text(); text != "" {
				all = append(all, text)
			}
		}
	}
	return all
}
