package yamltree

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Source is the text of one file, cut into lines as YAML counts them.
type Source struct {
	File   string   // as messages have it
	lines  []string // without their breaks
	widths []int    // of each line in characters; 0: not counted yet
}

// read checks that src is text that YAML accepts, and cuts it. A mistake here
// makes the file unreadable, so it comes alone.
func (s *Source) read(src []byte) ([]byte, *Mistake) {
	if bytes.HasPrefix(src, []byte{0xFF, 0xFE}) || bytes.HasPrefix(src, []byte{0xFE, 0xFF}) {
		return nil, &Mistake{
			Pos:  Pos{File: s.File, Line: 1, Col: 1},
			Msg:  "the file is UTF-16",
			Hint: "save it as UTF-8",
		}
	}
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	s.lines = SplitLines(string(src))
	s.widths = make([]int, len(s.lines))
	for i, line := range s.lines {
		col := 0
		for at, r := range line {
			col++
			pos := Pos{File: s.File, Line: i + 1, Col: col}
			if r == utf8.RuneError {
				if _, n := utf8.DecodeRuneInString(line[at:]); n == 1 {
					m := s.Mistake(pos, "not UTF-8 text", "save the file as UTF-8")
					return nil, &m
				}
			}
			if IsControl(r) {
				m := s.Mistake(pos, "a control character", "write it as an escape in double quotes, such as \"\\e\"")
				return nil, &m
			}
		}
	}
	return src, nil
}

// IsControl reports whether YAML refuses the character (YAML 1.2, 5.1).
func IsControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == 0xFFFE || r == 0xFFFF || r == 0xFEFF
}

// SplitLines cuts text where the YAML scanner begins a new line: YAML 1.1, which
// it follows in this, has more line breaks than \n.
func SplitLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Lines are all lines of the text, without their breaks; they are not to be
// changed.
func (s *Source) Lines() []string { return s.lines }

// Line is the text of line n, counted from 1.
func (s *Source) Line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// Mistake is one at a place in the text, with its line.
func (s *Source) Mistake(pos Pos, msg, hint string) Mistake {
	return Mistake{Pos: pos, Msg: msg, Hint: hint, Line: s.Line(pos.Line)}
}

// clamp moves a place that the YAML scanner reports beyond the text, such as
// the end of the file, to the nearest one in it.
func (s *Source) clamp(line, col int) Pos {
	line = min(max(line, 1), len(s.lines))
	return Pos{File: s.File, Line: line, Col: min(max(col, 1), s.width(line)+1)}
}

// width is the number of characters of line n, which must be there. It is
// counted once: a file may be one long line with a hundred thousand values.
func (s *Source) width(n int) int {
	if s.widths[n-1] == 0 {
		s.widths[n-1] = utf8.RuneCountInString(s.lines[n-1])
	}
	return s.widths[n-1]
}

// from is the text of line n from column col on.
func (s *Source) from(n, col int) string {
	line := s.Line(n)
	if n < 1 || n > len(s.lines) || col > s.width(n) {
		return ""
	}
	if s.width(n) == len(line) {
		return line[col-1:]
	}
	for i := range line {
		if col--; col == 0 {
			return line[i:]
		}
	}
	return ""
}
