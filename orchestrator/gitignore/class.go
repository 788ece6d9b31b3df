package gitignore

import "strings"

// compileClass reads the bracket expression that begins at p[start], and returns the bytes that it matches and
// where its closing bracket stands, or -1 if it is malformed. As in git: "!" and "^" negate, a first "]" is
// literal, "\" escapes, named classes are ASCII; and when case is folded the text is lowered first, so that a
// single capital letter in brackets matches nothing while a range of them still does.
func compileClass(p string, start int, slashes, fold bool) (*[4]uint64, int) {
	var set [4]uint64
	add := func(c byte) { set[c>>6] |= 1 << (c & 63) }
	i := start + 1
	negated := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negated {
		i++
	}
	previous, hasPrevious := byte(0), false
	for first := true; ; first = false {
		if i >= len(p) {
			return nil, -1
		}
		c := p[i]
		if c == ']' && !first {
			break
		}
		switch {
		case c == '\\':
			i++
			if i == len(p) {
				return nil, -1
			}
			add(p[i])
			previous, hasPrevious = p[i], true
		case c == '-' && hasPrevious && i+1 < len(p) && p[i+1] != ']':
			i++
			if p[i] == '\\' {
				i++
				if i == len(p) {
					return nil, -1
				}
			}
			for b := 0; b < 256; b++ {
				c := byte(b)
				if previous <= c && c <= p[i] || fold && previous <= upper(c) && upper(c) <= p[i] {
					add(c)
				}
			}
			hasPrevious = false
		case c == '[' && i+1 < len(p) && p[i+1] == ':':
			end := strings.IndexByte(p[i+2:], ']')
			if end < 0 {
				return nil, -1
			}
			name, closed := strings.CutSuffix(p[i+2:i+2+end], ":")
			if !closed {
				// Not "[:name:]" after all: an ordinary bracket in the set.
				add('[')
				previous, hasPrevious = '[', true
				break
			}
			member, known := classes[name]
			if !known {
				return nil, -1
			}
			for b := range 256 {
				c := byte(b)
				if member(c) || fold && name == "upper" && member(upper(c)) {
					add(c)
				}
			}
			i += 2 + end
			hasPrevious = false
		default:
			add(c)
			previous, hasPrevious = c, true
		}
		i++
	}
	if negated {
		for w := range set {
			set[w] = ^set[w]
		}
	}
	if slashes {
		set['/'>>6] &^= 1 << ('/' & 63)
	}
	return &set, i
}

var classes = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < 0x20 || c == 0x7f },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return c > 0x20 && c < 0x7f },
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return c >= 0x20 && c < 0x7f },
	"punct":  func(c byte) bool { return c > 0x20 && c < 0x7f && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' },
}

func isAlpha(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
