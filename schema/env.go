package schema

import "strings"

// envType is the variables of a command; null removes one.
var envType = typ[[]EnvVar]{
	shape: shape{name: "mapping", each: &shape{name: "string", null: true}},
	read: func(d *decoder, n *node) ([]EnvVar, bool) {
		if n.kind == list && !n.custom {
			hint := "write `NAME: value`, each in a line of its own"
			if len(n.items) > 0 && n.items[0].kind == scalar {
				name, value, ok := strings.Cut(oneLine(n.items[0].text), "=")
				switch {
				case ok && n.flow:
					hint = "write `{" + name + ": " + value + "}`"
				case ok:
					hint = "write `" + name + ": " + value + "`, without the `-`"
				}
			}
			d.mistake(n.pos, "`"+d.key+"` needs a mapping of names to values, not a list", hint)
			return nil, false
		}
		if !d.is(n, mapping, "a mapping of names to values") {
			return nil, false
		}
		env := make([]EnvVar, 0, len(n.pairs))
		for _, p := range n.pairs {
			name := p.key.text
			if name == "" {
				d.mistake(p.key.pos, "a variable without a name", "")
				continue
			}
			if strings.ContainsAny(name, "=\x00 \t\n") {
				d.mistake(p.key.pos, quote(name)+" is not the name of a variable", "")
				continue
			}
			if isOwn(name) {
				d.warn(p.key.pos, "`"+name+"` is set by devloop itself, whatever stands here", "")
			}
			v := EnvVar{Name: name, Pos: p.key.pos, Unset: p.value.null()}
			if !v.Unset {
				before := d.key
				d.key = name
				v.Value, _ = d.text(p.value, "text")
				d.key = before
				d.bareRefOf(name, p.value)
			}
			env = append(env, v)
		}
		return env, true
	},
}

// bareRef warns of a $NAME where only ${NAME} is filled in.
func (d *decoder) bareRef(n *node) { d.bareRefOf("", n) }

// bareRefOf is bareRef for the value of a variable: of one that is a secret, what
// stands behind a `$` may be a part of it.
func (d *decoder) bareRefOf(variable string, n *node) {
	if n.kind != scalar {
		return
	}
	text := strings.ReplaceAll(n.text, "$$", "  ")
	for i := range text {
		if text[i] != '$' {
			continue
		}
		if name := refName.FindString(text[i+1:]); name != "" {
			if secretWord.MatchString(variable) {
				name = "NAME"
			}
			d.warn(n.at(i), "`$"+name+"` is not filled in", "write `${"+name+"}`, or `$$"+name+"` if it is meant so")
			return
		}
	}
}

// envFileKeys is an entry of `env_file` that is written out.
var envFileKeys = &table[EnvFile]{
	what: "an env file",
	keys: []key[EnvFile]{
		row("path", typ[string]{
			shape: shape{name: "path"},
			read: func(d *decoder, n *node) (string, bool) {
				p, ok := d.path(n, "a path")
				return p.Abs, ok
			},
		}, func(f *EnvFile) *string { return &f.Path }, "a file of NAME=value lines").must(),
		row("required", boolType, func(f *EnvFile) *bool { return &f.Required }, "a missing file is an error").or("false"),
	},
	foreign: map[string]string{"file": "path", "name": "path", "optional": "required", "format": "the format is always NAME=value lines"},
}

var envFilesType = listOf(typ[EnvFile]{
	shape: shape{name: "env file", or: []shape{{name: "path"}, envFileKeys.shape()}},
	read: func(d *decoder, n *node) (EnvFile, bool) {
		if n.kind == mapping && !n.custom {
			f := EnvFile{Pos: n.pos}
			envFileKeys.read(d, n, &f, "an env file", n.pos)
			return f, f.Path != ""
		}
		p, ok := d.path(n, "a path")
		return EnvFile{Path: p.Abs, Pos: n.pos}, ok
	},
}, true, "a list of paths")
