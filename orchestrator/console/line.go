package console

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Line is a line of devloop's own, in pieces of different tones.
type Line []Text

// Text is a piece of a line. Control characters in it are left out.
type Text struct {
	Text string
	Tone Tone
	Link string // where it leads, on a terminal with colours; "": nowhere
}

// wrap breaks a line into rows of so many cells, at blanks; 0 or hardly any: it
// is left as it is.
func (line Line) wrap(width int) (rows []Line) {
	const least = 16
	if width < least {
		return []Line{line}
	}
	var row Line
	used := 0
	end := func() {
		if n := len(row); n > 0 { // else the blank would be the first of a row of its own
			row[n-1].Text = strings.TrimRight(row[n-1].Text, " ")
		}
		rows, row, used = append(rows, row), nil, 0
	}
	for _, t := range line {
		for word := range strings.SplitAfterSeq(t.Text, " ") {
			if used > 0 && used+displaywidth.String(strings.TrimRight(word, " ")) > width {
				end()
			}
			for displaywidth.String(strings.TrimRight(word, " ")) > width {
				head := displaywidth.TruncateString(word, width, "")
				row = append(row, Text{head, t.Tone, t.Link})
				word = word[len(head):]
				end()
			}
			if word == "" {
				continue
			}
			used += displaywidth.String(word)
			if n := len(row); n > 0 && row[n-1].Tone == t.Tone && row[n-1].Link == t.Link {
				row[n-1].Text += word
			} else {
				row = append(row, Text{word, t.Tone, t.Link})
			}
		}
	}
	return append(rows, row)
}

// Width is how many cells of a terminal the line takes.
func (line Line) Width() (cells int) {
	for _, t := range line {
		cells += displaywidth.String(t.Text)
	}
	return cells
}

// cut is as much of the line as fits into so many cells.
func (line Line) cut(width int) Line {
	for i, t := range line {
		w := displaywidth.String(t.Text)
		if w > width {
			t.Text = displaywidth.TruncateString(t.Text, max(width, 0), "…")
			return append(line[:i:i], t)
		}
		width -= w
	}
	return line
}

// format appends the line as it is written.
func (line Line) format(dst []byte, color bool) []byte {
	for _, t := range line {
		code := ""
		if color {
			code = toneCode[t.Tone]
		}
		if color && t.Link != "" {
			dst = append(append(append(dst, linkStart...), t.Link...), linkEnd...)
		}
		dst = append(dst, code...)
		dst = append(dst, oneLine(t.Text)...)
		if code != "" {
			dst = append(dst, reset...)
		}
		if color && t.Link != "" {
			dst = append(dst, linkStart+linkEnd...)
		}
	}
	return dst
}
