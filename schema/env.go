package schema

import (
	"slices"
	"strings"

	"devloop/schema/yamltree"
)

// envType is the variables of a command; null removes one.
var envType = typ[[]EnvVar]{
	shape: shape{name: "mapping", each: &shape{name: "string", null: true}},
	read: func(d *decoder, n *yamltree.Node) ([]EnvVar, bool) {
		if n.Kind == yamltree.List && !n.Custom {
			hint := "write `NAME: value`, each in a line of its own"
			if len(n.Items) > 0 && n.Items[0].Kind == yamltree.Scalar {
				name, value, ok := strings.Cut(yamltree.FirstLine(n.Items[0].Text), "=")
				switch {
				case ok && n.Flow:
					hint = "write `{" + name + ": " + value + "}`"
				case ok:
					hint = "write `" + name + ": " + value + "`, without the `-`"
				}
			}
			d.mistake(n.Pos, "`"+d.key+"` needs a mapping of names to values, not a list", hint)
			return nil, false
		}
		if !d.is(n, yamltree.Mapping, "a mapping of names to values") {
			return nil, false
		}
		env := make([]EnvVar, 0, len(n.Pairs))
		for _, p := range n.Pairs {
			name := p.Key.Text
			if name == "" {
				d.mistake(p.Key.Pos, "a variable without a name", "")
				continue
			}
			if strings.ContainsAny(name, "=\x00 \t\n") {
				d.mistake(p.Key.Pos, yamltree.Quote(name)+" is not the name of a variable", "")
				continue
			}
			if isOwn(name) {
				d.warn(p.Key.Pos, "`"+name+"` is set by devloop itself, whatever is written here", "")
			}
			v := EnvVar{Name: name, Pos: p.Key.Pos, Unset: p.Value.Null()}
			if !v.Unset {
				before := d.key
				d.key = name
				v.Value, _ = d.text(p.Value, "text")
				d.key = before
				d.bareRefOf(name, p.Value)
			}
			env = append(env, v)
		}
		return env, true
	},
}

// envFileKeys is the long form of an entry of `env_file`.
var envFileKeys = &table[EnvFile]{
	what: "an env file",
	keys: []key[EnvFile]{
		row("path", typ[string]{
			shape: shape{name: "path"},
			read: func(d *decoder, n *yamltree.Node) (string, bool) {
				p, ok := d.path(n, "a path")
				return p.Abs, ok
			},
		}, func(f *EnvFile) *string { return &f.Path }, "a file of NAME=value lines").must(),
		row("required", boolType, func(f *EnvFile) *bool { return &f.Required }, "a missing file is an error").or("false"),
	},
	aliases: aliases{{"path", "file name"}, {"required", "optional"}, {"the format is always NAME=value lines", "format"}},
}

var envFilesType = listOf(typ[EnvFile]{
	shape: shape{name: "env file", or: []shape{{name: "path"}, envFileKeys.shape()}},
	read: func(d *decoder, n *yamltree.Node) (EnvFile, bool) {
		if n.Kind == yamltree.Mapping && !n.Custom {
			f := EnvFile{Pos: n.Pos}
			envFileKeys.read(d, n, &f, "an env file", n.Pos)
			return f, f.Path != ""
		}
		p, ok := d.path(n, "a path")
		return EnvFile{Path: p.Abs, Pos: n.Pos}, ok
	},
}, true, "a list of paths")

// variable is the long form of one of the `vars`.
type variable struct {
	value   string
	choices []string
}

var variableKeys = &table[variable]{
	what: "a variable",
	keys: []key[variable]{
		row("default", typ[string]{shape: shape{name: "string"}, read: func(*decoder, *yamltree.Node) (string, bool) { return "", false }}, // vars fills it in
			func(v *variable) *string { return &v.value }, "its value if the environment has none").must(),
		row("choices", filled(listOf(textType, false, "a list of values")), func(v *variable) *[]string { return &v.choices }, "the only values that it may have"),
	},
	aliases: aliases{{"default", "value"}, {"choices", "values enum options one_of allowed"}, {"write `${NAME:?message}` where it is used", "required"}},
}

// choices reports a variable with a value that is not allowed.
func (d *decoder) choices(n *yamltree.Node, v Var) {
	var long variable
	variableKeys.read(d, n, &long, "the variable `"+v.Name+"`", v.Pos)
	if long.choices == nil || n.Get("default") == nil || slices.Contains(long.choices, v.Value) {
		return
	}
	is := "is " + yamltree.Quote(v.Value)
	if v.Value == "" || secretWord.MatchString(v.Name) {
		is = "has another value"
	}
	pos := v.Pos
	if v.outside {
		is += " in the environment"
	} else {
		pos = n.Get("default").Pos
	}
	d.mistake(pos, "`"+v.Name+"` must be "+either(long.choices)+", and "+is, enumHint(v.Value, long.choices, nil))
}

var varsType = typ[[]Var]{
	shape: shape{name: "mapping", each: &shape{name: "variable", or: []shape{{name: "string"}, variableKeys.shape()}}},
	read: func(d *decoder, n *yamltree.Node) ([]Var, bool) {
		if !d.is(n, yamltree.Mapping, "a mapping of names to values") {
			return nil, false
		}
		out := make([]Var, 0, len(n.Pairs))
		for _, p := range n.Pairs {
			name := p.Key.Text
			switch {
			case refName.FindString(name) != name || name == "":
				d.mistake(p.Key.Pos, yamltree.Quote(name)+" is not the name of a variable", "a variable has letters, digits and `_`, and does not begin with a digit")
			case isOwn(name):
				d.mistake(p.Key.Pos, "`"+name+"` is set by devloop itself", "use another name")
			}
			value, _ := d.vars.get(name)
			v := Var{Name: name, Value: value, Pos: p.Key.Pos}
			_, v.outside = d.opt.LookupEnv(name)
			text := p.Value
			if text.Kind == yamltree.Mapping && !text.Custom {
				d.choices(text, v)
				text = text.Get("default")
			}
			if text != nil {
				d.bareRefOf(name, text)
			}
			out = append(out, v)
		}
		return out, true
	},
}
