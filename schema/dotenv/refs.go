package dotenv

import "strings"

// part is a piece of a value: text, or a reference to a variable.
type part struct {
	text string // of one that is no reference
	name string // of a reference
	op   string // of a reference: "", or one of `:-`, `-`, `:+`, `+`, `:?`, `?`
	word []part // behind :-, -, :+ and +
	pos  Pos    // of a reference

	braced bool
}

// manner is how a value is written.
type manner bool

const (
	unquoted     manner = false // only \$ is an escape
	doubleQuoted manner = true  // so are \n, \r, \t, \" and \\
)

// escape is the character that a backslash and c stand for. Before any other
// character a backslash is a backslash, so that none is ever lost.
func (m manner) escape(c byte) (string, bool) {
	switch {
	case c == '$':
		return "$", true
	case m == unquoted:
		return "", false
	case c == 'n':
		return "\n", true
	case c == 'r':
		return "\r", true
	case c == 't':
		return "\t", true
	case c == '"', c == '\\':
		return string(c), true
	}
	return "", false
}

// maxDepth bounds references within references.
const maxDepth = 20

// refs cuts a piece of the text into its parts.
func (p *parser) refs(start, end int, m manner, depth int) ([]part, bool) {
	var parts []part
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, part{text: text.String()})
			text.Reset()
		}
	}
	for i := start; i < end; {
		rest := p.text[i:end]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			escaped, ok := m.escape(rest[1])
			if !ok {
				escaped = rest[:2]
			}
			text.WriteString(escaped)
			i += 2
		case strings.HasPrefix(rest, "$$"):
			text.WriteByte('$')
			i += 2
		case strings.HasPrefix(rest, "${"):
			flush()
			ref, next, ok := p.braced(i, end, m, depth)
			if !ok {
				return nil, false
			}
			parts = append(parts, ref)
			i = next
		case rest[0] == '$' && nameLen(rest[1:]) > 0:
			flush()
			n := nameLen(rest[1:])
			parts = append(parts, part{name: rest[1 : 1+n], pos: p.pos(i)})
			i += 1 + n
		default:
			text.WriteByte(rest[0])
			i++
		}
	}
	flush()
	return parts, true
}

// operators are those of a reference in braces, the longer ones first.
var operators = []string{":-", ":+", ":?", "-", "+", "?"}

// braced reads a reference that begins at start, and tells where it ends.
func (p *parser) braced(start, end int, m manner, depth int) (ref part, next int, ok bool) {
	shut := p.closing(start+2, end, m)
	if shut < 0 {
		p.mistake(start, "`${` is never closed", "write `$$` for the character itself")
		return part{}, 0, false
	}
	n := nameLen(p.text[start+2 : shut])
	ref = part{name: p.text[start+2 : start+2+n], pos: p.pos(start), braced: true}
	rest := p.text[start+2+n : shut]
	if n > 0 && rest == "" {
		return ref, shut + 1, true
	}
	for _, op := range operators {
		if n == 0 || !strings.HasPrefix(rest, op) {
			continue
		}
		ref.op = op
		if op[len(op)-1] == '?' {
			return ref, shut + 1, true // its message is never shown: it may tell a secret
		}
		if depth == maxDepth {
			p.mistake(start, "references are nested too deeply", "")
			return part{}, 0, false
		}
		ref.word, ok = p.refs(start+2+n+len(op), shut, m, depth+1)
		return ref, shut + 1, ok
	}
	p.mistake(start, "this `${` does not begin a valid reference", "the forms are `${NAME}`, `${NAME:-default}`, `${NAME:+instead}` and `${NAME:?}`; `$$` is a `$`")
	return part{}, 0, false
}

// closing is where the brace is that closes a reference, -1 if there is none.
func (p *parser) closing(from, end int, m manner) int {
	depth := 1
	for i := from; i < end; i++ {
		rest := p.text[i:end]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			if _, ok := m.escape(rest[1]); ok {
				i++
			}
		case strings.HasPrefix(rest, "$$"):
			i++
		case strings.HasPrefix(rest, "${"):
			depth++
			i++
		case rest[0] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// nameLen is how long the name is that text begins with; 0: it begins with none.
func nameLen(text string) int {
	n := 0
	for n < len(text) && isNameByte(text[n]) && (n > 0 || text[0] > '9') {
		n++
	}
	return n
}
