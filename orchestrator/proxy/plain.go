package proxy

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain makes text of terminal output: without escape sequences (ECMA-48: CSI, OSC and the like, of two
// bytes) and other control characters, and without what a carriage return or backspace has overwritten. Of
// more than limit bytes it keeps the end, from the start of a line.
func plain(out []byte, limit int) string {
	if len(out) > 4*limit {
		out = out[len(out)-4*limit:] // sequences can be longer than text
	}
	var b strings.Builder
	line := make([]rune, 0, 256)
	flush := func() {
		b.WriteString(strings.TrimRightFunc(string(line), unicode.IsSpace))
		line = line[:0]
	}
	for len(out) > 0 {
		r, size := utf8.DecodeRune(out)
		if r == 0x1b || r >= 0x80 && r < 0xa0 && r != 0x85 {
			out = out[sequence(out, r, size):]
			continue
		}
		out = out[size:]
		switch {
		case r == '\n' || r == 0x85:
			flush()
			b.WriteByte('\n')
		case r == '\r':
			// Alone it returns to the start of the line; what follows overwrites it.
			if len(out) > 0 && out[0] != '\n' && out[0] != '\r' {
				line = line[:0]
			}
		case r == '\b':
			line = line[:max(len(line)-1, 0)]
		case r == '\t' || unicode.IsPrint(r) || r == utf8.RuneError:
			line = append(line, r)
		case unicode.In(r, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Co):
			line = append(line, ' ')
		}
	}
	flush()
	text := strings.Trim(b.String(), "\n")
	if len(text) > limit {
		text = text[len(text)-limit:]
		if _, rest, ok := strings.Cut(text, "\n"); ok {
			text = rest
		}
		text = strings.ToValidUTF8(text, "")
	}
	return text
}

// sequence is the length of the escape sequence that out starts with; first is
// its first character, of size bytes.
func sequence(out []byte, first rune, size int) int {
	kind := first
	if first == 0x1b {
		if len(out) == 1 {
			return 1
		}
		size = 2
		kind = rune(out[1]) + 0x40 // ESC [ is what 0x9b is, and so on
		if out[1] < 0x20 || out[1] >= 0x7f {
			return 1 // no sequence: the byte after it counts
		}
		if out[1] >= 0x20 && out[1] < 0x30 { // ESC ( B: intermediate bytes, and a final one
			for size < len(out) && out[size] >= 0x20 && out[size] < 0x30 {
				size++
			}
			return min(size+1, len(out))
		}
	}
	switch kind {
	case 0x9b: // CSI: parameters, intermediates, a final byte
		for size < len(out) && out[size] >= 0x20 && out[size] < 0x40 {
			size++
		}
		if size < len(out) && out[size] >= 0x40 && out[size] < 0x7f {
			size++
		}
	case 0x90, 0x98, 0x9d, 0x9e, 0x9f: // strings: up to BEL or ST
		end := bytes.IndexAny(out[size:], "\x07\x1b\u009c\n")
		if end < 0 {
			return len(out)
		}
		size += end
		switch {
		case out[size] == 0x07:
			size++
		case out[size] == 0x1b && size+1 < len(out) && out[size+1] == '\\':
			size += 2
		case out[size] == 0xc2: // U+009C
			size += 2
		}
	}
	return size
}
