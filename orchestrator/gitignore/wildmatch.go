package gitignore

import "strings"

// glob is one compiled pattern, matched over bytes as git does.
type glob struct {
	ops   []op
	never bool // malformed (an unclosed class, a backslash at the end): git matches nothing with it
	fold  bool // ASCII letters match in either case
}

// op is one step of a glob.
type op struct {
	kind  opKind
	text  string
	class *[4]uint64 // a bit for each byte
}

type opKind uint8

const (
	opText  opKind = iota // exactly text
	opAny                 // "?": one byte, but not a slash where slashes count
	opClass               // "[…]"
	opStar                // "*": any run of bytes without a slash
	opDeep                // "**" as a whole last segment, and "*" where slashes do not count: any run of bytes
	opDirs                // "**/": nothing, or any run of bytes that ends in a slash
)

// compile translates a pattern. With slashes false, it is to match a name alone, and "*" crosses everything.
// literal bytes at the start stand for themselves: git compares the part before the first special character as
// plain bytes and hands only the rest to its matcher, so that a "**" right after it counts as the first of a
// segment ("foo**/bar" matches "foox/y/bar").
func compile(pattern string, literal int, slashes, fold bool) glob {
	g := glob{fold: fold}
	text := []byte(pattern[:literal]) // a run of plain bytes, not in ops yet
	flush := func() {
		if len(text) > 0 {
			g.ops = append(g.ops, op{kind: opText, text: string(text)})
			text = text[:0]
		}
	}
	p := pattern[literal:]
	for i := 0; i < len(p); i++ {
		switch c := p[i]; c {
		case '\\':
			i++
			if i == len(p) || fold && p[i] != lower(p[i]) {
				return glob{never: true} // when git folds case, it does not fold an escaped letter of the pattern
			}
			text = append(text, p[i])
		case '?':
			flush()
			if slashes {
				g.ops = append(g.ops, op{kind: opAny})
			} else {
				g.ops = append(g.ops, op{kind: opClass, class: &[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}})
			}
		case '*':
			flush()
			start := i
			for i+1 < len(p) && p[i+1] == '*' {
				i++
			}
			g.ops, i = appendStars(g.ops, p, start, i, slashes)
		case '[':
			flush()
			class, end := compileClass(p, i, slashes, fold)
			if end < 0 {
				return glob{never: true}
			}
			g.ops = append(g.ops, op{kind: opClass, class: class})
			i = end
		default:
			text = append(text, c)
		}
	}
	flush()
	return g
}

// appendStars adds the step for the run of stars p[start:last+1], and says which byte of p was read last.
func appendStars(ops []op, p string, start, last int, slashes bool) ([]op, int) {
	if !slashes {
		return append(ops, op{kind: opDeep}), last
	}
	rest := p[last+1:]
	segment := start == 0 || p[start-1] == '/'
	switch {
	case last == start || !segment:
		return append(ops, op{kind: opStar}), last
	case rest == "" || strings.HasPrefix(rest, `\/`):
		return append(ops, op{kind: opDeep}), last
	case rest[0] == '/':
		return append(ops, op{kind: opDirs}), last + 1
	}
	return append(ops, op{kind: opStar}), last
}

// match says whether the whole of text matches. It keeps two points to come back to: the last "*", and the last
// step that crosses slashes. Nothing before the latter need be tried again: what an earlier choice could reach,
// it reaches too.
func (g *glob) match(text string) bool {
	switch {
	case g.never:
		return false
	case len(g.ops) == 1 && g.ops[0].kind == opText: // most patterns are this
		return len(text) == len(g.ops[0].text) && g.equal(text, g.ops[0].text)
	case len(g.ops) == 2 && g.ops[0].kind == opDeep && g.ops[1].kind == opText: // or this: "*.o"
		end := g.ops[1].text
		return len(text) >= len(end) && g.equal(text[len(text)-len(end):], end)
	}
	starOp, starAt := -1, 0
	deepOp, deepAt := -1, 0
	i, t := 0, 0
	for {
		if i < len(g.ops) {
			switch o := &g.ops[i]; o.kind {
			case opStar:
				starOp, starAt = i, t
				i++
				continue
			case opDeep, opDirs:
				deepOp, deepAt = i, t
				starOp = -1
				i++
				continue
			default:
				if n := g.step(o, text[t:]); n > 0 {
					i++
					t += n
					continue
				}
			}
		} else if t == len(text) {
			return true
		}

		// A mismatch: let the last star take one byte more, else the last deep step.
		if starOp >= 0 && starAt < len(text) && text[starAt] != '/' {
			starAt++
			i, t = starOp+1, starAt
			continue
		}
		if deepOp < 0 {
			return false
		}
		starOp = -1
		if g.ops[deepOp].kind == opDirs {
			slash := strings.IndexByte(text[deepAt:], '/')
			if slash < 0 {
				return false
			}
			deepAt += slash + 1
		} else {
			if deepAt == len(text) {
				return false
			}
			deepAt++
		}
		i, t = deepOp+1, deepAt
	}
}

// step matches one fixed step at the start of text, and returns how many bytes it took; 0 is a mismatch.
func (g *glob) step(o *op, text string) int {
	switch {
	case o.kind == opText:
		if len(text) >= len(o.text) && g.equal(text[:len(o.text)], o.text) {
			return len(o.text)
		}
		return 0
	case text == "":
		return 0
	case o.kind == opAny:
		if text[0] == '/' {
			return 0
		}
		return 1
	}
	c := text[0]
	if g.fold {
		c = lower(c)
	}
	return int(o.class[c>>6] >> (c & 63) & 1)
}

// equal compares strings of one length.
func (g *glob) equal(a, b string) bool {
	if a == b {
		return true
	}
	if !g.fold {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}
