package schema

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// source is the text of one file, cut into lines as YAML counts them.
type source struct {
	file   string   // as messages have it
	abs    string   // "" for what is part of devloop
	preset bool     // another file extends it
	blank  bool     // it may be empty
	root   *node    // nil: it could not be read, which has been told
	lines  []string // without their breaks
	widths []int    // of each line in characters; 0: not counted yet
}

// read checks that src is text that YAML accepts, and cuts it. A mistake here
// makes the file unreadable, so it comes alone.
func (s *source) read(src []byte) ([]byte, *Mistake) {
	if bytes.HasPrefix(src, []byte{0xFF, 0xFE}) || bytes.HasPrefix(src, []byte{0xFE, 0xFF}) {
		return nil, &Mistake{
			Pos:  Pos{File: s.file, Line: 1, Col: 1},
			Msg:  "the file is UTF-16",
			Hint: "save it as UTF-8",
		}
	}
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	s.lines = splitLines(string(src))
	s.widths = make([]int, len(s.lines))
	for i, line := range s.lines {
		col := 0
		for at, r := range line {
			col++
			pos := Pos{File: s.file, Line: i + 1, Col: col}
			if r == utf8.RuneError {
				if _, n := utf8.DecodeRuneInString(line[at:]); n == 1 {
					m := s.mistake(pos, "not UTF-8 text", "save the file as UTF-8")
					return nil, &m
				}
			}
			if isControl(r) {
				m := s.mistake(pos, "a control character", "write it as an escape in double quotes, such as \"\\e\"")
				return nil, &m
			}
		}
	}
	return src, nil
}

// isControl reports whether YAML refuses the character (YAML 1.2, 5.1).
func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == 0xFFFE || r == 0xFFFF || r == 0xFEFF
}

// splitLines cuts text where the YAML scanner begins a new line: YAML 1.1, which
// it follows in this, has more line breaks than \n.
func splitLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// line is the text of line n, counted from 1.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

func (s *source) mistake(pos Pos, msg, hint string) Mistake {
	return Mistake{Pos: pos, Msg: msg, Hint: hint, Line: s.line(pos.Line)}
}

// clamp moves a place that the YAML scanner reports beyond the text, such as
// the end of the file, to the nearest one in it.
func (s *source) clamp(line, col int) Pos {
	line = min(max(line, 1), len(s.lines))
	return Pos{File: s.file, Line: line, Col: min(max(col, 1), s.width(line)+1)}
}

// width is the number of characters of line n, which must be there. It is
// counted once: a file may be one long line with a hundred thousand values.
func (s *source) width(n int) int {
	if s.widths[n-1] == 0 {
		s.widths[n-1] = utf8.RuneCountInString(s.lines[n-1])
	}
	return s.widths[n-1]
}

// from is the text of line n from column col on.
func (s *source) from(n, col int) string {
	line := s.line(n)
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
