package view

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"devloop/orchestrator/console"
)

// style is the parameters of a control sequence for colours. Green, yellow and red are states only; a state is a
// shape and a word as well.
type style string

const (
	plain   style = ""
	dim     style = "2"
	bold    style = "1"
	reverse style = "7"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
)

// nameStyles are those of the names of nodes.
var nameStyles = [...]style{"36", "34", "35"}

func (s style) paint(text string) string {
	if s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[m"
}

// continued begins every row of a text in the colours that the row before ended with.
func continued(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	var b strings.Builder
	w := lipgloss.NewWrapWriter(&b)
	_, _ = w.Write([]byte(text)) // a builder takes everything
	_ = w.Close()
	return b.String()
}

// cells is the size of the terminal, and how it counts.
type cells struct {
	width, height int
	method        ansi.Method
}

// cut is the text in no more than so many cells.
func (c cells) cut(text string, width int) string {
	if len(text) <= width {
		return text
	}
	return c.method.Truncate(text, max(0, width), "…")
}

// fit is the text in exactly so many cells.
func (c cells) fit(text string, width int) string {
	text = c.cut(text, width)
	return text + strings.Repeat(" ", max(0, width-c.method.StringWidth(text)))
}

// ends writes one text at the left and one at the right, which is the one to stay.
func (c cells) ends(left, right string, width int) string {
	if right == "" {
		return c.cut(left, width)
	}
	right = c.cut(right, width)
	return c.cut(c.fit(left, max(0, width-c.method.StringWidth(right)-1))+" "+right, width)
}

// wrapped cuts a text into rows of so many cells. Colours go on in the next row.
func wrapped(text string, width int, wrap bool, left int, method ansi.Method) []string {
	width = max(width, 1)
	text = untabbed(text, method)
	if len(text) <= width && left == 0 { // a character has at least as many bytes as cells
		return []string{text}
	}
	if !wrap {
		if left > 0 {
			text = method.TruncateLeft(text, left, "")
		}
		return []string{method.Truncate(text, width, "…")}
	}
	if method.StringWidth(text) <= width {
		return []string{text}
	}
	return strings.Split(continued(method.Hardwrap(text, width, true)), "\n")
}

// untabbed replaces tabs by blanks up to the next multiple of 8.
func untabbed(text string, method ansi.Method) string {
	if strings.IndexByte(text, '\t') < 0 {
		return text
	}
	var b strings.Builder
	column := 0
	for i, part := range strings.Split(text, "\t") {
		if i > 0 {
			blanks := 8 - column%8
			b.WriteString(strings.Repeat(" ", blanks))
			column += blanks
		}
		b.WriteString(part)
		column += method.StringWidth(part)
	}
	return b.String()
}
func stripped(text string) string {
	if strings.IndexByte(text, 0x1b) < 0 {
		return text
	}
	return ansi.Strip(text)
}

// highlighted marks every place of a searched text.
func highlighted(text, find string) string {
	in := text
	if low := strings.ToLower(text); strings.ToLower(find) == find && len(low) == len(text) {
		in = low
	}
	var b strings.Builder
	for {
		at := strings.Index(in, find)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at])
		b.WriteString(reverse.paint(text[at : at+len(find)]))
		text, in = text[at+len(find):], in[at+len(find):]
	}
}

// part is so many of the rows as there is room for, with the chosen one among them.
func part(rows []string, chosen, height int, cut func(string) string) []string {
	from := max(0, min(chosen-height/2, len(rows)-height))
	rows = rows[from:min(len(rows), from+height)]
	shown := make([]string, len(rows))
	for i, text := range rows {
		shown[i] = cut(text)
	}
	return shown
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimRight(text, "\r")
}

func base(path string) string { return console.Visible(filepath.Base(path)) }

func itoa(n int) string { return strconv.Itoa(n) }

// short is how long something took.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return console.Age(d)
}
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
