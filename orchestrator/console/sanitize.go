package console

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Sanitize appends a block of lines to dst as they may be shown beside others: of
// terminal codes only colours and hyperlinks are left (none if color is false), and
// they end with their line; of a line that was redrawn or erased the last state; control
// characters are gone, those that would reorder the line are written out as
// `\u202e`, and what is no UTF-8 has become U+FFFD, one for a run of
// bytes. Ordinary text, tabs included, is passed as it is. Each line ends in a
// newline.
func Sanitize(dst, block []byte, color bool) []byte {
	t := sanitizer{color: color}
	for len(block) > 0 {
		var line []byte
		line, block = cutLine(block)
		dst = append(t.line(dst, line), '\n')
	}
	return dst
}

// sanitizer makes lines fit to be shown. It carries the colours of one line over
// to the next.
type sanitizer struct {
	color  bool
	sgr    sgr
	linked bool // a hyperlink is open
}

// line appends one line, without its newline. If it leaves a colour on, that is
// ended.
func (t *sanitizer) line(dst, line []byte) []byte {
	if !t.sgr.on && plain(line) {
		return append(dst, line...)
	}
	if t.color {
		dst = t.slow(t.sgr.appendTo(dst), len(dst), line)
	} else {
		dst = t.slow(dst, len(dst), line)
	}
	if t.linked {
		dst = append(dst, linkStart+linkEnd...)
		t.linked = false
	}
	if t.sgr.on {
		dst = append(dst, reset...)
		t.sgr.endLine()
	}
	return dst
}

// slow appends a line that starts at dst[start:], where colours of the line
// before may stand already.
func (t *sanitizer) slow(dst []byte, start int, line []byte) []byte {
	var (
		home    = false // the cursor went to the start: what comes overwrites
		junk    = false // the last thing appended stands for bytes that are no text
		floor   = start // where the text begins that stands before code
		code    = start // where the colours begin that were appended last
		codeEnd = len(dst)
	)
	for i := 0; i < len(line); {
		c := line[i]
		size, isJunk, shown := 1, false, ""
		switch {
		case c >= ' ' && c < 0x7f || c == '\t':
			for i+size < len(line) && (line[i+size] >= ' ' && line[i+size] < 0x7f) {
				size++
			}
		case c == 0x1b:
			n, what, arg := escape(line[i:])
			switch {
			case what == 'm':
				if t.color {
					t.sgr.apply(arg)
					if len(dst) != codeEnd {
						floor, code = codeEnd, len(dst)
					}
					dst = append(dst, line[i:i+n]...)
					codeEnd = len(dst)
				}
			case what == ']':
				if t.color {
					if len(dst) != codeEnd {
						floor, code = codeEnd, len(dst)
					}
					dst = append(append(append(dst, "\x1b]8;"...), arg...), linkEnd...)
					codeEnd, t.linked = len(dst), bytes.IndexByte(arg, ';') < len(arg)-1
				}
			case what == 'G' && first(arg) <= 1:
				home = true
			case what == 'K' && (home || first(arg) == 2), what == 'J' && (home || first(arg) >= 2):
				dst, home, junk = t.again(dst, start), false, false
				floor, code, codeEnd = start, start, len(dst)
			}
			i += n
			continue
		case c == '\r':
			home = true
			i++
			continue
		case c == '\b':
			if !home {
				dst, code, codeEnd = eraseLast(dst, floor, code, codeEnd)
			}
			i++
			continue
		case c < utf8.RuneSelf:
			i++
			continue
		default:
			var r rune
			r, size = utf8.DecodeRune(line[i:])
			if r >= 0x80 && r < 0xa0 { // C1: controls with one byte less
				i += size
				continue
			}
			isJunk = r == utf8.RuneError && size == 1
			if reorders(r) {
				shown = written(r, c)
			}
		}
		if home {
			dst, home, junk = t.again(dst, start), false, false
			floor, code, codeEnd = start, start, len(dst)
		}
		switch {
		case shown != "":
			dst = append(dst, shown...)
		case !isJunk:
			dst = append(dst, line[i:i+size]...)
		case !junk:
			dst = append(dst, "\uFFFD"...)
		}
		junk = isJunk
		i += size
	}
	return dst
}

// again begins the line anew, in the colours that are on.
func (t *sanitizer) again(dst []byte, start int) []byte {
	t.linked = false
	if !t.color {
		return dst[:start]
	}
	return t.sgr.appendTo(dst[:start])
}

// eraseLast takes the last character away, and leaves colours that stand behind
// it. It reaches back over one place with colours, to floor, and no further:
// that is as far as anybody who draws a spinner goes.
func eraseLast(dst []byte, floor, code, codeEnd int) (_ []byte, newCode, newEnd int) {
	if len(dst) > codeEnd {
		_, size := utf8.DecodeLastRune(dst[codeEnd:])
		return dst[:len(dst)-size], code, codeEnd
	}
	if code <= floor {
		return dst, code, codeEnd
	}
	_, size := utf8.DecodeLastRune(dst[floor:code])
	return append(dst[:code-size], dst[code:]...), code - size, codeEnd - size
}

// hyperlink takes the parameters and the address out of a control string that is a
// hyperlink, "]8;PARAMETERS;ADDRESS".
func hyperlink(s []byte) (what byte, arg []byte) {
	const longest = 2048
	arg, is := bytes.CutPrefix(s, []byte("]8;"))
	if !is || len(arg) > longest || bytes.IndexByte(arg, ';') < 0 || bytes.ContainsFunc(arg, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return 0, nil
	}
	return ']', arg
}

// escape measures the control sequence at the start of s, which is ESC. what is
// the final byte of one that begins with "ESC [" and has the ordinary form, and
// arg its parameters; ']' is a hyperlink, see there; of all others what is 0. A sequence that the line's end
// cuts off is as long as the line (ECMA-48 5.4 and 5.6).
func escape(s []byte) (n int, what byte, arg []byte) {
	if len(s) < 2 {
		return len(s), 0, nil
	}
	switch c := s[1]; {
	case c == '[':
		i := 2
		for i < len(s) && s[i] >= 0x30 && s[i] <= 0x3f {
			i++
		}
		end := i
		for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
			i++
		}
		if i == len(s) || s[i] < 0x40 || s[i] > 0x7e {
			return i, 0, nil // what stands here is none of it
		}
		arg = s[2:end]
		if end != i || len(arg) > longestCode {
			return i + 1, 0, nil
		}
		for _, c := range arg {
			if c > ';' { // < = > ? make it private
				return i + 1, 0, nil
			}
		}
		return i + 1, s[i], arg
	case c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_': // strings: OSC, DCS, SOS, PM, APC
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == '\a':
				what, arg = hyperlink(s[1:i])
				return i + 1, what, arg
			case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
				what, arg = hyperlink(s[1:i])
				return i + 2, what, arg
			case s[i] == 0x1b:
				return i, 0, nil // cut off by the next one
			}
		}
		return len(s), 0, nil
	case c >= 0x20 && c <= 0x2f:
		i := 2
		for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
			i++
		}
		if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
			i++
		}
		return i, 0, nil
	case c >= 0x30 && c <= 0x7e:
		return 2, 0, nil
	}
	return 1, 0, nil
}

// longestCode is the longest colour code that is kept: one with every attribute
// and two colours is half as long.
const longestCode = 96

// first is the first parameter of a sequence.
func first(arg []byte) int {
	n, _ := number(arg)
	return n
}

// plain says that a line may be shown as it is: valid UTF-8 without control
// characters, but for tabs.
func plain(line []byte) bool {
	const (
		high  = 0x8080808080808080
		ones  = 0x0101010101010101
		space = 0x2020202020202020
	)
	odd := func(x uint64) bool { return (x|(x-space)&^x|(x+ones))&high != 0 } // above ASCII, below a space, or DEL
	for i := 0; i < len(line); {
		if i+8 <= len(line) {
			if !odd(binary.LittleEndian.Uint64(line[i:])) {
				i += 8
				continue
			}
		} else if i > 0 && !odd(binary.LittleEndian.Uint64(line[len(line)-8:])) { // i is 8 or more
			return true
		}
		for end := min(i+8, len(line)); i < end; i++ {
			switch c := line[i]; {
			case c >= utf8.RuneSelf:
				return plainText(line[i:])
			case c < ' ' && c != '\t' || c == 0x7f:
				return false
			}
		}
	}
	return true
}

// plainText is plain for text that is not ASCII alone.
func plainText(s []byte) bool {
	if !utf8.Valid(s) {
		return false
	}
	for i, c := range s {
		switch {
		case c < ' ' && c != '\t' || c == 0x7f:
			return false
		case c == 0xc2 && s[i+1] < 0xa0:
			return false
		case c == 0xe2 && (s[i+1] == 0x80 || s[i+1] == 0x81): // where what reorders is
			if r, _ := utf8.DecodeRune(s[i:]); reorders(r) {
				return false
			}
		}
	}
	return true
}

// cutLine takes the first line off, without its newline.
func cutLine(block []byte) (line, rest []byte) {
	if i := bytes.IndexByte(block, '\n'); i >= 0 {
		return block[:i], block[i+1:]
	}
	return block, nil
}

// oneLine leaves nothing in a text that could end a code.
func oneLine(text string) string {
	clean := string(Sanitize(nil, []byte(text), false))
	return strings.ReplaceAll(strings.TrimSuffix(clean, "\n"), "\n", " ")
}
