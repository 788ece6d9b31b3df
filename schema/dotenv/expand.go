package dotenv

import "strings"

// maxValue and maxAll bound what references make of the values of one file, in
// bytes: Linux takes 128 KiB for a variable, and by default 2 MiB for all. A few
// that each double another would otherwise fill the memory.
const (
	maxValue = 128 << 10
	maxAll   = 2 << 20
)

// Environment is what the variables of a file are added to, and where those that
// it refers to are found: as a shell does it, each sees the ones before it.
type Environment interface {
	Lookup(name string) (value string, ok bool)
	Set(name, value string)
}

// Ref is a reference to a variable that is not set.
type Ref struct {
	Name   string
	Pos    Pos
	Of     string // the variable in whose value it stands
	Braced bool   // ${NAME}, and not $NAME
}

// Expand fills in the references of every variable, and sets them in the order
// of the file. unset are references to variables that are not there, which come
// to nothing. It ends at the first mistake: a variable that must be there and
// is not, or values that become too long.
func (f *File) Expand(env Environment) (unset []Ref, mistake *Mistake) {
	e := &expansion{env: env}
	all := 0
	for _, a := range f.vars {
		e.of = a.Name
		text, mistake := e.join(a.value, a.Pos)
		if mistake != nil {
			return e.unset, mistake
		}
		if all += len(text); all > maxAll {
			return e.unset, &Mistake{a.Pos, "the values come to more than 2 MiB", ""}
		}
		env.Set(a.Name, text)
	}
	return e.unset, nil
}

type expansion struct {
	env   Environment
	of    string
	unset []Ref
}

func (e *expansion) join(parts []part, pos Pos) (string, *Mistake) {
	var b strings.Builder
	for _, p := range parts {
		text := p.text
		if p.name != "" {
			var mistake *Mistake
			if text, mistake = e.value(p); mistake != nil {
				return "", mistake
			}
		}
		if b.Len()+len(text) > maxValue {
			return "", &Mistake{pos, "the value becomes longer than 128 KiB", ""}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// value is what a reference stands for.
func (e *expansion) value(p part) (string, *Mistake) {
	value, there := e.env.Lookup(p.name)
	filled := there && (value != "" || !strings.HasPrefix(p.op, ":"))
	switch strings.TrimPrefix(p.op, ":") {
	case "":
		if !there {
			e.unset = append(e.unset, Ref{p.name, p.pos, e.of, p.braced})
		}
		return value, nil
	case "-":
		if filled {
			return value, nil
		}
		return e.join(p.word, p.pos)
	case "+":
		if !filled {
			return "", nil
		}
		return e.join(p.word, p.pos)
	}
	if !filled {
		return "", &Mistake{p.pos, "`" + p.name + "` is not set, but is required", ""}
	}
	return value, nil
}
