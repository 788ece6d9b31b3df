package schema

import (
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// vars are the names for ${…}: the environment, and below it the file's own
// `vars`, which may refer to each other in any order.
type vars struct {
	d      *decoder
	pairs  []yamltree.Pair
	index  map[string]yamltree.Pair
	values map[string]string
	failed map[string]bool
	open   []string // being filled in
}

func newVars(d *decoder, n *yamltree.Node) *vars {
	v := &vars{d: d, index: map[string]yamltree.Pair{}, values: map[string]string{}, failed: map[string]bool{}}
	if n != nil && n.Kind == yamltree.Mapping {
		v.pairs = n.Pairs
		for _, p := range n.Pairs {
			v.index[p.Key.Text] = p
		}
	}
	return v
}

// names are those that the file defines.
func (v *vars) names() []string {
	names := make([]string, len(v.pairs))
	for i, p := range v.pairs {
		names[i] = p.Key.Text
	}
	return names
}

// get returns the value of a name. One whose own value is a mistake has an
// empty value, so that it is reported once.
func (v *vars) get(name string) (string, bool) {
	if value, ok := v.d.opt.LookupEnv(name); ok {
		if secretWord.MatchString(name) {
			v.d.secrets = append(v.d.secrets, value)
		}
		return value, true
	}
	if value, ok := v.values[name]; ok {
		return value, true
	}
	if p, ok := v.index[name]; ok {
		return v.fill(p), true
	}
	return "", false
}

func (v *vars) fill(p yamltree.Pair) string {
	name := p.Key.Text
	if i := slices.Index(v.open, name); i >= 0 {
		if !v.failed[name] {
			v.failed[name] = true
			circle := append(slices.Clone(v.open[i:]), name)
			v.d.mistake(p.Key.Pos, "a variable that refers to itself: "+strings.Join(circle, " → "), "")
		}
		return ""
	}
	v.open = append(v.open, name)
	defer func() { v.open = v.open[:len(v.open)-1] }()
	before, beforePos := v.d.key, v.d.keyPos
	v.d.key, v.d.keyPos = name, p.Key.Pos
	defer func() { v.d.key, v.d.keyPos = before, beforePos }()
	value, text := "", p.Value
	if text.Kind == yamltree.Mapping && !text.Custom {
		text = text.Get("default")
	}
	if text == nil {
		return "" // which varsType tells
	}
	if text.Null() {
		v.d.mistake(p.Key.Pos, "the variable `"+name+"` has no value", "write `"+name+": \"\"` for an empty one")
	} else {
		value, _ = v.d.text(text, "text")
	}
	v.values[name] = value
	return value
}
