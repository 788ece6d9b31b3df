package schema

import (
	"fmt"
	"strings"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

// part is a piece of a text with ${…} in it: either text, or a reference.
type part struct {
	text string // also of a reference, as written
	name string // of a reference
	op   byte   // '-' with a default, '?' with a message, or 0
	def  []part
	msg  string
	at   int // place in the text, in bytes
	pos  Pos // of a late reference, which is checked when all is read
}

// refError is a mistake in a reference, or a name without a value.
type refError struct {
	at        int
	msg, hint string
	undefined string
}

func (e *refError) Error() string { return e.msg }

var refName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*`)

// cutRefs cuts text into its parts: ${NAME}, ${NAME:-default}, ${NAME:?message}
// and $$, which is a `$`. Any other `$` is text. A default may have references.
func cutRefs(text string, offset int) ([]part, *refError) {
	var parts []part
	literal := func(s string) {
		if n := len(parts); n > 0 && parts[n-1].name == "" {
			parts[n-1].text += s
		} else if s != "" {
			parts = append(parts, part{text: s})
		}
	}
	for i := 0; i < len(text); {
		dollar := strings.IndexByte(text[i:], '$')
		if dollar < 0 {
			literal(text[i:])
			break
		}
		literal(text[i : i+dollar])
		i += dollar
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			literal("$")
			i += 2
		case strings.HasPrefix(text[i:], "${"):
			end := refEnd(text, i+2)
			if end < 0 {
				return nil, &refError{at: offset + i, msg: "`${` is never closed", hint: "write `$$` for the character itself"}
			}
			p, err := cutRef(text[i:end+1], offset+i)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
			i = end + 1
		default:
			literal("$")
			i++
		}
	}
	return parts, nil
}

// refEnd returns the place of the brace that closes a reference.
func refEnd(text string, from int) int {
	depth := 1
	for i := from; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			i++
		case strings.HasPrefix(text[i:], "${"):
			depth++
			i++
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// maxRefDepth bounds defaults within defaults.
const maxRefDepth = 20

// cutRef reads one `${…}`.
func cutRef(ref string, at int) (part, *refError) {
	const forms = "the forms are `${NAME}`, `${NAME:-default}` and `${NAME:?message}`; `$$` is a `$`"
	body := ref[2 : len(ref)-1]
	name := refName.FindString(body)
	p := part{text: ref, name: name, at: at}
	rest := body[len(name):]
	switch {
	case name == "":
		return p, &refError{at: at, msg: yamltree.Quote(ref) + " has no name", hint: forms}
	case rest == "":
	case strings.HasPrefix(rest, ":-"):
		if strings.Count(rest, "${") > maxRefDepth {
			return p, &refError{at: at, msg: "too many references in a default"}
		}
		def, err := cutRefs(rest[2:], at+2+len(name)+2)
		if err != nil {
			return p, err
		}
		p.op, p.def = '-', def
	case strings.HasPrefix(rest, ":?"):
		p.op, p.msg = '?', rest[2:]
	case rest[0] == '-' || rest[0] == '?':
		return p, &refError{at: at, msg: yamltree.Quote(ref) + " is not supported", hint: "write `${" + name + ":" + rest + "}`"}
	default:
		return p, &refError{at: at, msg: yamltree.Quote(ref) + " is not supported", hint: forms}
	}
	return p, nil
}

// join fills the references in. With an operator, an empty value counts as none,
// as in a shell.
func join(parts []part, get func(name string) (string, bool)) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		if b.Len() > maxFilled {
			return "", &refError{at: p.at, msg: "the value becomes longer than 128 KiB"}
		}
		value, ok := get(p.name)
		if ok && (value != "" || p.op == 0) {
			b.WriteString(value)
			continue
		}
		switch p.op {
		case '-':
			value, err := join(p.def, get)
			if err != nil {
				return "", err
			}
			b.WriteString(value)
		case '?':
			return "", &refError{at: p.at, msg: fmt.Sprintf("%s is not set: %s", p.name, p.msg)}
		default:
			return "", &refError{at: p.at, msg: yamltree.Quote(p.text) + " is not defined", undefined: p.name}
		}
	}
	return b.String(), nil
}

// maxFilled is how long one value may become, in bytes, which is what Linux
// takes for one argument or variable; maxFilledAll is for all of a file. A few
// variables that each double another would otherwise fill the memory.
const (
	maxFilled    = 128 << 10
	maxFilledAll = 16 << 20
)

// isLate reports whether devloop sets a name for the command itself, so that no
// value is known before the command starts.
func isLate(name string) bool {
	return name == "PORT" || strings.HasPrefix(name, "DEVLOOP_")
}

// presetDirName is the directory of the preset that writes a value.
const presetDirName = "PRESET_DIR"

// reduce fills in every reference but the late ones.
func reduce(parts []part, get func(string) (string, bool)) ([]part, *refError) {
	out := make([]part, 0, len(parts))
	for _, p := range parts {
		if p.name != "" && isLate(p.name) {
			def, err := reduce(p.def, get)
			if err != nil {
				return nil, err
			}
			p.def = def
		} else {
			text, err := join([]part{p}, get)
			if err != nil {
				return nil, err.(*refError)
			}
			p = part{text: text}
		}
		out = append(out, p)
	}
	return out, nil
}

// isOwn reports whether devloop sets a variable of a command's environment, so
// that a file cannot.
func isOwn(name string) bool {
	return strings.HasPrefix(name, "DEVLOOP_") || strings.HasPrefix(name, "LISTEN_") || name == "NOTIFY_SOCKET" || name == presetDirName
}
