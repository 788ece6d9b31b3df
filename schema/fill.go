package schema

import (
	"strings"

	"devloop/schema/nearest"
	"devloop/schema/yamltree"
)

// names has the values for the references in n.
func (d *decoder) names(n *yamltree.Node) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		if name == presetDirName {
			dir := d.sources.presetDir(n)
			return dir, dir != ""
		}
		return d.vars.get(name)
	}
}

// fill is a scalar's text with its references filled in. The result is text and
// never read as YAML again.
func (d *decoder) fill(n *yamltree.Node) (string, bool) {
	parts, ok := d.cut(n)
	if !ok {
		return "", false
	}
	text, err := join(parts, d.names(n))
	if err != nil {
		return "", d.badRef(n, err.(*refError))
	}
	return text, d.bounded(n, text)
}

// setElsewhere adds to the last mistake, which is of the text that n becomes, where the variables in it are set.
func (d *decoder) setElsewhere(n *yamltree.Node) {
	parts, _ := cutRefs(n.Text, 0) // n has been filled in
	for _, p := range parts {
		if _, outside := d.opt.LookupEnv(p.name); p.name == "" || outside {
			continue
		}
		if set, ok := d.vars.index[p.name]; ok {
			d.elsewhere(set.Value.Pos, "`"+p.name+"` is set here")
		}
	}
}

// bounded checks what references made of a scalar.
func (d *decoder) bounded(n *yamltree.Node, text string) bool {
	if strings.ContainsRune(text, 0) {
		d.mistake(n.Pos, "`"+d.key+"` has a NUL character", "")
		return false
	}
	if text == n.Text {
		return true
	}
	before := d.filled
	d.filled += len(text)
	if d.filled <= maxFilledAll {
		return true
	}
	if before <= maxFilledAll {
		d.mistake(n.Pos, "the values of `${…}` come to more than 16 MiB", "")
	}
	return false
}

// fillLate is fill for an argument of a command: the names that devloop sets
// stay in the text, and the parts are returned if there are any.
func (d *decoder) fillLate(n *yamltree.Node) (string, []part, bool) {
	parts, ok := d.cut(n)
	if !ok {
		return "", nil, false
	}
	parts, err := reduce(parts, d.names(n))
	if err != nil {
		return "", nil, d.badRef(n, err)
	}
	var b strings.Builder
	late := false
	for i, p := range parts {
		b.WriteString(p.text)
		late = late || p.name != ""
		if p.name != "" {
			parts[i].pos = n.At(p.at)
		}
	}
	if !late {
		parts = nil
	}
	return b.String(), parts, d.bounded(n, b.String())
}

func (d *decoder) cut(n *yamltree.Node) ([]part, bool) {
	if !strings.Contains(n.Text, "$") {
		return []part{{text: n.Text}}, true
	}
	parts, err := cutRefs(n.Text, 0)
	if err != nil {
		return nil, d.badRef(n, err)
	}
	return parts, true
}

func (d *decoder) badRef(n *yamltree.Node, err *refError) bool {
	hint := err.hint
	if name := err.undefined; name != "" {
		hint = "define it under `vars` or in the environment, or give a default: `${" + name + ":-…}`"
		if d.key == "extends" {
			hint = "`extends` is read before `vars`, so only the environment can set it; or give a default: `${" + name + ":-…}`"
		} else if name == presetDirName {
			hint = "only a preset file has a directory"
		} else if isLate(name) && name != "PORT" {
			hint = "devloop sets it for commands: only a `run` list, or the shell, can use it"
		} else if len(d.mistakes) <= yamltree.MaxMistakes {
			if near, ok := nearest.Of(name, d.vars.names()); ok {
				hint = "did you mean `${" + near + "}`?"
			}
		}
	}
	d.missed(n.At(err.at), err.msg, hint, d.current, ".vars."+err.undefined)
	return false
}

// text is a scalar with its ${…} filled in, whatever its YAML type: a version `1.10` and the word `no` stay
// as written.
func (d *decoder) text(n *yamltree.Node, wanted string) (string, bool) {
	if !d.is(n, yamltree.Scalar, wanted) {
		return "", false
	}
	return d.fill(n)
}

// word is text that must not be empty.
func (d *decoder) word(n *yamltree.Node, wanted string) (string, bool) {
	text, ok := d.text(n, wanted)
	if ok && strings.TrimSpace(text) == "" {
		d.mistake(n.Pos, "`"+d.key+"` is empty", "")
		return "", false
	}
	return text, ok
}

// bareRef warns of a $NAME where only ${NAME} is filled in.
func (d *decoder) bareRef(n *yamltree.Node) { d.bareRefOf("", n) }

// bareRefOf is bareRef for the value of a variable: if it is a secret, what follows a `$` may be part of
// it.
func (d *decoder) bareRefOf(variable string, n *yamltree.Node) {
	if n.Kind != yamltree.Scalar {
		return
	}
	text := strings.ReplaceAll(n.Text, "$$", "  ")
	for i := range text {
		if text[i] != '$' {
			continue
		}
		if name := refName.FindString(text[i+1:]); name != "" {
			if secretWord.MatchString(variable) {
				name = "NAME"
			}
			d.warn(n.At(i), "`$"+name+"` is not substituted", "write `${"+name+"}`, or `$$"+name+"` if that is what you mean")
			return
		}
	}
}
