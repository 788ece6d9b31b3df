package yamltree

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a file, counted from 1. Col counts characters, not bytes.
type Pos struct {
	File string
	Line int
	Col  int
}

// Mistake is one thing wrong in a file: where, what, and what to write instead.
type Mistake struct {
	Pos  Pos
	Msg  string // what is wrong, without a final full stop
	Hint string // what to write in its place, or ""
	Line string // the text of the line at Pos, for the caret

	// Also are other places that have to do with it, each with what stands
	// there: the value that it does not fit, the one that brought the file in.
	Also Mistakes
}

// Mistakes is every mistake of a load, in file order. It is an error. Of more
// than a hundred, the last one counts those that are left out.
type Mistakes []Mistake

// String is FILE:LINE:COL, the form that editors and terminals link.
func (p Pos) String() string {
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Error is every mistake as Text prints it, with no line break at the end.
func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i := range m {
		texts[i] = m[i].Error()
	}
	return strings.Join(texts, "\n")
}

// Error is the mistake as Text prints it.
func (m Mistake) Error() string { return m.Text("") }

// Text prints the place and the message, then the line with a caret under the
// place, then the hint. A label, such as "warning", stands before the message.
func (m Mistake) Text(label string) string {
	var b strings.Builder
	b.WriteString(m.Pos.String() + ": ")
	if label != "" {
		b.WriteString(label + ": ")
	}
	b.WriteString(m.Msg)
	if m.Line != "" {
		line, caret := snippet(m.Line, m.Pos.Col)
		b.WriteString("\n    " + line + "\n    " + caret)
	}
	if m.Hint != "" {
		b.WriteString("\nhint: " + m.Hint)
	}
	for i := range m.Also {
		b.WriteString("\n" + m.Also[i].Text(""))
	}
	return b.String()
}

// window is how much of a long line is shown around the caret.
const window = 100

// snippet returns the part of line that is shown, and the caret line below it.
// A tab stays a tab in both, so that the caret is right for every tab width.
func snippet(line string, col int) (shown, caret string) {
	runes := []rune(line)
	at := min(col-1, len(runes))
	before, after := runes[:at], runes[at:]
	lead, trail := "", ""
	if len(runes) > window {
		if n := len(before) - window/2; n > 0 {
			before, lead = before[n:], "…"
		}
		if n := window/2 + 1; len(after) > n {
			after, trail = after[:n], "…"
		}
	}
	var b strings.Builder
	for _, r := range lead + string(before) {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return lead + string(before) + string(after) + trail, b.String() + "^"
}

// MaxMistakes is how many mistakes of a load are told.
const MaxMistakes = 100

// Sorted is m in file order, each mistake once: what an alias repeats is one
// mistake. Nobody reads more than a hundred; the others are only counted. It
// sorts in place.
func (m Mistakes) Sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
		)
	})
	m = slices.CompactFunc(m, func(a, b Mistake) bool {
		return a.Pos == b.Pos && a.Msg == b.Msg
	})
	if more := len(m) - MaxMistakes; more > 0 {
		m = m[:MaxMistakes+1]
		last := &m[MaxMistakes]
		last.Msg, last.Hint, last.Also = "and "+strconv.Itoa(more)+" more, from here on", "", nil
	}
	return m
}

// MostQuoted is how many characters of a text a message bears.
const MostQuoted = 60

// Quote puts text in backquotes, cut to a length that a message bears.
func Quote(text string) string {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = text[:i] + "…"
	}
	if utf8.RuneCountInString(text) > MostQuoted {
		text = string([]rune(text)[:MostQuoted]) + "…"
	}
	return "`" + text + "`"
}
