// Package console writes what people read: lines that each carry the name of
// who said them. It never decides what is worth saying.
package console

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Console puts the lines of many commands on one stream. Every write to the
// stream holds whole lines, so that nothing else that writes there can split
// one. It is safe for concurrent use.
type Console struct {
	opt   Options
	width int

	mu  sync.Mutex // guards the stream and buf
	buf []byte
	err error // the first error of the stream; nothing is written after it
}

// Options say how lines look.
type Options struct {
	Out        io.Writer // where lines go; never closed here
	Log        io.Writer // a copy of every line without colours; may be nil
	Color      bool
	Timestamps bool
	Names      []string // every name that will come, for the column's width
	Now        func() time.Time
}

// Tone is what kind of news a line of devloop's own is.
type Tone int

const (
	Plain Tone = iota
	Dim        // progress
	Good
	Bad
	Warn
)

var toneCode = map[Tone]string{Plain: "", Dim: "\x1b[2m", Good: "\x1b[32m", Bad: "\x1b[31m", Warn: "\x1b[33m"}

// nameCodes are the colours that names take in turn: those that can be read on
// a dark and on a light background.
var nameCodes = []string{"\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[33m", "\x1b[32m", "\x1b[96m", "\x1b[95m", "\x1b[94m"}

const reset = "\x1b[0m"

// New makes a console.
func New(opt Options) *Console {
	c := &Console{opt: opt}
	if c.opt.Now == nil {
		c.opt.Now = time.Now
	}
	for _, name := range opt.Names {
		c.width = max(c.width, utf8.RuneCountInString(name))
	}
	return c
}

// Lines writes the output of a command: whole lines, each ending in a newline.
// The block is not kept.
func (c *Console) Lines(name string, block []byte) { c.write(name, Plain, block) }

// Say writes one line, or several, of devloop's own.
func (c *Console) Say(name string, tone Tone, text string) {
	c.write(name, tone, []byte(text+"\n"))
}

// Blank writes an empty line, for people who want to see what is new below it.
func (c *Console) Blank() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		_, c.err = io.WriteString(c.opt.Out, "\n")
	}
}

func (c *Console) write(name string, tone Tone, block []byte) {
	var stamp string
	if c.opt.Timestamps {
		stamp = c.opt.Now().Format("15:04:05.000 ")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(c.opt.Out, c.opt.Color, stamp, name, tone, block)
	if c.opt.Log != nil {
		c.emit(c.opt.Log, false, stamp, name, tone, block)
	}
}

// emit formats the block into one write.
func (c *Console) emit(w io.Writer, color bool, stamp, name string, tone Tone, block []byte) {
	if c.err != nil && w == c.opt.Out {
		return
	}
	prefix := stamp + name + strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(name))) + " | "
	before, after := "", ""
	if color {
		prefix = c.colorOf(name) + prefix + reset
		if before = toneCode[tone]; before != "" {
			after = reset
		}
	}
	c.buf = c.buf[:0]
	for len(block) > 0 {
		line := block
		if i := bytes.IndexByte(block, '\n'); i >= 0 {
			line, block = block[:i], block[i+1:]
		} else {
			block = nil
		}
		c.buf = append(c.buf, prefix...)
		c.buf = append(c.buf, before...)
		c.buf = append(c.buf, line...)
		c.buf = append(c.buf, after...)
		c.buf = append(c.buf, '\n')
	}
	if _, err := w.Write(c.buf); err != nil && w == c.opt.Out {
		c.err = err
	}
	if cap(c.buf) > 1<<20 {
		c.buf = nil // one flood must not keep its memory for ever
	}
}

// Err is the first error that the stream returned, such as a closed pipe.
func (c *Console) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Console) colorOf(name string) string {
	for i, n := range c.opt.Names {
		if n == name {
			return nameCodes[i%len(nameCodes)]
		}
	}
	return ""
}
