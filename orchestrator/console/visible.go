package console

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Visible is a text as it may be shown to anybody: what a terminal would act on,
// or what would show other words in another order than they have, is written out
// as `\x1b` or `\u202e`. Newlines and tabs are passed. It is for what devloop says
// itself, which may quote anybody's file or name; for the output of commands,
// whose colours are wanted, see [Sanitize].
//
// Of a JSON text it makes another one of the same value.
func Visible(text string) string {
	if plain([]byte(strings.ReplaceAll(text, "\n", ""))) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '\n' || r == '\t' || !unsafeRune(r, size) {
			b.WriteString(text[i : i+size])
		} else {
			b.WriteString(written(r, text[i]))
		}
		i += size
	}
	return b.String()
}

// Name is a file's name as part of a text: as it is, or, if it has anything that
// is not to be shown, a newline or a tab among it, in double quotes with that
// written out.
func Name(name string) string {
	if plain([]byte(name)) && !strings.ContainsRune(name, '\t') {
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unsafeRune(r, size):
			b.WriteString(written(r, name[i]))
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

// VisibleWriter passes to w what is written to it as [Visible] shows it. Each
// write must hold whole characters.
func VisibleWriter(w io.Writer) io.Writer { return visibleWriter{w} }

type visibleWriter struct{ w io.Writer }

func (v visibleWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(v.w, Visible(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unsafeRune tells whether a character, of so many bytes, is not to be shown.
func unsafeRune(r rune, size int) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && size == 1 || reorders(r)
}

// reorders tells whether a character changes the order in which those after it
// are shown, or ends a line: the embeddings, overrides and isolates of the
// bidirectional algorithm (unicode.org/reports/tr9), and Unicode's separators.
func reorders(r rune) bool {
	return r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// written writes a character out; first is its first byte.
func written(r rune, first byte) string {
	if r < ' ' || r == utf8.RuneError {
		return fmt.Sprintf(`\x%02x`, first)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
