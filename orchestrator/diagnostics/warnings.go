package diagnostics

import (
	"strings"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
)

const (
	mostKnown      = 1000 // warnings that are remembered, so that one that is printed again is not counted again
	longestWarning = 200  // bytes of the first warning that are kept
)

// warnings counts what compilers and linters call a warning, also where they name no place. It knows the forms of
// rustc and cargo, of gcc, clang, javac and ruby, of the compilers that write FILE(LINE,COLUMN), and of eslint.
// A word somewhere in a line is no warning.
type warnings struct {
	count   int
	first   string
	known   map[string]bool
	file    string // the last line that may be a file's name, above what eslint says of it
	pending string // rustc's message, whose place is in the next line
}

var (
	// headed is a warning behind what it is about, if anything.
	headed = lazyregexp.New(`^(.*?)\b(?:fatal )?warning(?:\[[\w:-]+\]|\s+[A-Z]+\d+)?:\s+(.+)$`)
	// place is FILE:LINE[:COLUMN] or FILE(LINE[,COLUMN]); tool is a program that names no place, such as a linker.
	place = lazyregexp.New(`^\s*(\S.*?)(?::(\d+)(?::(\d+))?|\((\d+)(?:,(\d+))?\))\s*:\s*$`)
	tool  = lazyregexp.New(`^[^\s:]+:\s*$`)
	// arrow is where rustc says the place of the line before.
	arrow = lazyregexp.New(`^\s*--> (\S.*)$`)
	// column is eslint's line below a file's name.
	column = lazyregexp.New(`^\s+(\d+):(\d+)\s+warning\s+(\S.*?)(?:\s{2,}\S+)?$`)
	// sums are lines that count warnings which stand above.
	sums = lazyregexp.New(`generated \d+ warnings?\b|^\d+ warnings? (?:emitted|generated)`)
)

func (c *warnings) line(line string) {
	if c.pending != "" {
		message := c.pending
		c.pending = ""
		if m := arrow.FindStringSubmatch(line); m != nil {
			c.add(m[1], message)
			return
		}
		c.add("", message)
	}
	if !strings.Contains(line, "warning") {
		if len(line) > 0 && len(line) <= longestWarning && line[0] != ' ' && line[0] != '\t' {
			c.file = line
		}
		return
	}
	if m := column.FindStringSubmatch(line); m != nil {
		c.add(c.file+":"+m[1]+":"+m[2], m[3])
		return
	}
	m := headed.FindStringSubmatch(line)
	if m == nil || sums.MatchString(m[2]) {
		return
	}
	before, message := m[1], m[2]
	switch p := place.FindStringSubmatch(before); {
	case before == "":
		c.pending = message
	case p != nil:
		c.add(strings.TrimSuffix(strings.Join([]string{p[1], p[2] + p[4], p[3] + p[5]}, ":"), ":"), message)
	case tool.MatchString(before):
		c.add(strings.TrimRight(before, ": "), message)
	}
}

func (c *warnings) add(place, message string) {
	text := message
	if place != "" {
		text = place + ": " + message
	}
	if c.known[text] {
		return
	}
	if c.known == nil {
		c.known = map[string]bool{}
	}
	if len(c.known) < mostKnown {
		c.known[text] = true
	}
	if c.count++; c.count == 1 {
		c.first = cut(text)
	}
}

// cut shortens a text to what is kept of it, between characters.
func cut(text string) string {
	if len(text) <= longestWarning {
		return text
	}
	end := longestWarning
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Warnings is how many warnings there were in a finished output, and the first of them with its place, if it has one.
func (r *Reader) Warnings() (n int, first string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.warned.count, r.warned.first
}
