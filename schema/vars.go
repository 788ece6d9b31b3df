package schema

import (
	"slices"
	"strings"
)

// vars are the names for ${…}: the environment, and below it the file's own
// `vars`, which may refer to each other in any order.
type vars struct {
	d      *decoder
	pairs  []pair
	index  map[string]pair
	values map[string]string
	failed map[string]bool
	open   []string // being filled in
}

func newVars(d *decoder, n *node) *vars {
	v := &vars{d: d, index: map[string]pair{}, values: map[string]string{}, failed: map[string]bool{}}
	if n != nil && n.kind == mapping {
		v.pairs = n.pairs
		for _, p := range n.pairs {
			v.index[p.key.text] = p
		}
	}
	return v
}

// names are those that the file defines.
func (v *vars) names() []string {
	names := make([]string, len(v.pairs))
	for i, p := range v.pairs {
		names[i] = p.key.text
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

func (v *vars) fill(p pair) string {
	name := p.key.text
	if i := slices.Index(v.open, name); i >= 0 {
		if !v.failed[name] {
			v.failed[name] = true
			circle := append(slices.Clone(v.open[i:]), name)
			v.d.mistake(p.key.pos, "a variable that refers to itself: "+strings.Join(circle, " → "), "")
		}
		return ""
	}
	v.open = append(v.open, name)
	defer func() { v.open = v.open[:len(v.open)-1] }()
	before, beforePos := v.d.key, v.d.keyPos
	v.d.key, v.d.keyPos = name, p.key.pos
	defer func() { v.d.key, v.d.keyPos = before, beforePos }()
	value := ""
	if p.value.null() {
		v.d.mistake(p.key.pos, "the variable `"+name+"` has no value", "write `"+name+": \"\"` for an empty one")
	} else {
		value, _ = v.d.text(p.value, "text")
	}
	v.values[name] = value
	return value
}

var varsType = typ[[]Var]{
	shape: shape{name: "mapping", each: &shape{name: "string"}},
	read: func(d *decoder, n *node) ([]Var, bool) {
		if !d.is(n, mapping, "a mapping of names to values") {
			return nil, false
		}
		out := make([]Var, 0, len(n.pairs))
		for _, p := range n.pairs {
			name := p.key.text
			switch {
			case refName.FindString(name) != name || name == "":
				d.mistake(p.key.pos, quote(name)+" is not the name of a variable", "a variable has letters, digits and `_`, and does not begin with a digit")
			case isOwn(name):
				d.mistake(p.key.pos, "`"+name+"` is set by devloop itself", "take another name")
			}
			value, _ := d.vars.get(name)
			d.bareRefOf(name, p.value)
			out = append(out, Var{Name: name, Value: value, Pos: p.key.pos})
		}
		return out, true
	},
}

// isOwn reports whether devloop sets a variable of a command's environment, so
// that a file cannot.
func isOwn(name string) bool {
	return strings.HasPrefix(name, "DEVLOOP_") || strings.HasPrefix(name, "LISTEN_") || name == "NOTIFY_SOCKET" || name == presetDirName
}
