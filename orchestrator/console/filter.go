package console

import (
	"bytes"
	"strings"
)

// Filter is which lines a terminal shows. A log, and what has a place of its own,
// such as [Console.Replay], have all. The zero value shows everything.
type Filter struct {
	Name     string // of what commands write, only what this one does
	Text     string // the same: only lines with this text, in upper or lower case
	Failures bool   // nothing that commands write, and no good news
}

// String says what is shown.
func (f *Filter) String() string {
	switch {
	case f == nil:
		return ""
	case f.Failures:
		return "failures only"
	case f.Text != "":
		return "only /" + f.Text
	}
	return "only " + f.Name
}

// fits is what the terminal shows of lines that the named command has written, and
// how many lines that are.
func (f *Filter) fits(name string, text []byte, lines int) ([]byte, int) {
	switch {
	case f == nil || f.Name == name:
		return text, lines
	case f.Failures || f.Name != "":
		return nil, 0
	}
	var kept []byte
	lines = 0
	for line := range bytes.Lines(text) {
		if strings.Contains(strings.ToLower(string(line)), strings.ToLower(f.Text)) {
			kept = append(kept, line...)
			lines++
		}
	}
	return kept, lines
}

// hides tells whether the terminal does not show lines of devloop's own that begin
// with this one.
func (f *Filter) hides(head Line) bool {
	return f != nil && f.Failures && len(head) > 0 && head[0].Tone == Good
}
