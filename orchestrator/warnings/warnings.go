// Package warnings counts what compilers and linters call a warning in the
// output of a command. It knows the forms of rustc and cargo, of gcc, clang,
// javac and ruby, of the compilers that write FILE(LINE,COLUMN), and of eslint.
// A word somewhere in a line is no warning.
package warnings

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf8"

	"devloop/schema/lazyregexp"
)

const (
	mostKnown = 1000 // warnings that are remembered, so that one that is printed again is not counted again
	longest   = 200  // bytes of the first warning that are kept
)

// Counter counts the warnings of one output. The zero value is ready. It is
// safe for concurrent use.
type Counter struct {
	mu      sync.Mutex // guards all below
	count   int
	first   string
	known   map[string]bool
	file    string // the last line that may be a file's name, above what eslint says of it
	pending string // rustc's message, whose place is in the next line
}

// Write reads a block of whole lines of plain text, without terminal codes.
func (c *Counter) Write(block []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(block) > 0 {
		line := block
		if i := bytes.IndexByte(block, '\n'); i >= 0 {
			line, block = block[:i], block[i+1:]
		} else {
			block = nil
		}
		c.line(line)
	}
}

var (
	word = []byte("warning")

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

func (c *Counter) line(line []byte) {
	if c.pending != "" {
		message := c.pending
		c.pending = ""
		if m := arrow.FindSubmatch(line); m != nil {
			c.add(string(m[1]), message)
			return
		}
		c.add("", message)
	}
	if !bytes.Contains(line, word) {
		if len(line) > 0 && len(line) <= longest && line[0] != ' ' && line[0] != '\t' {
			c.file = string(line)
		}
		return
	}
	if m := column.FindSubmatch(line); m != nil {
		c.add(c.file+":"+string(m[1])+":"+string(m[2]), string(m[3]))
		return
	}
	m := headed.FindSubmatch(line)
	if m == nil || sums.Match(m[2]) {
		return
	}
	before, message := string(m[1]), string(m[2])
	switch p := place.FindStringSubmatch(before); {
	case before == "":
		c.pending = message
	case p != nil:
		c.add(strings.TrimSuffix(strings.Join([]string{p[1], p[2] + p[4], p[3] + p[5]}, ":"), ":"), message)
	case tool.MatchString(before):
		c.add(strings.TrimRight(before, ": "), message)
	}
}

func (c *Counter) add(place, message string) {
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
	if len(text) <= longest {
		return text
	}
	end := longest
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Count is how many warnings there were, and the first of them with its place;
// call it when all is written.
func (c *Counter) Count() (n int, first string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending != "" {
		message := c.pending
		c.pending = ""
		c.add("", message)
	}
	return c.count, c.first
}
