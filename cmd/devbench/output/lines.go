package output

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"strconv"
)

// last ends a flood. No other line holds it.
const last = "=last="

// longLines writes mb megabytes of numbered lines of about 80 bytes, then the
// last one, which is not counted.
func longLines(w io.Writer, mb int) (lines int, err error) {
	pad := bytes.Repeat([]byte("x"), 70)
	chunk := make([]byte, 0, 64<<10)
	for left := mb * 1_000_000; left > 0; left -= len(chunk) {
		chunk = chunk[:0]
		for len(chunk) < cap(chunk)-100 {
			chunk = strconv.AppendInt(chunk, int64(lines), 10)
			chunk = append(append(append(chunk, ' '), pad...), '\n')
			lines++
		}
		if _, err := w.Write(chunk); err != nil {
			return lines, fmt.Errorf("write lines: %w", err)
		}
	}
	_, err = io.WriteString(w, last+"\n")
	return lines, err
}

// shortLines writes n numbers, one a line, in writes of 4 KiB, as a program
// with a buffer of that size does.
func shortLines(w io.Writer, n int) error {
	chunk := make([]byte, 0, 4<<10)
	for i := range n {
		chunk = append(strconv.AppendInt(chunk, int64(i), 10), '\n')
		if len(chunk) > cap(chunk)-20 || i == n-1 {
			if _, err := w.Write(chunk); err != nil {
				return fmt.Errorf("write lines: %w", err)
			}
			chunk = chunk[:0]
		}
	}
	_, err := io.WriteString(w, last+"\n")
	return err
}

// tally counts and hashes lines without the names before them.
type tally struct {
	lines, bytes int
	hash         hash.Hash
}

func newTally() *tally { return &tally{hash: sha256.New()} }

func (t *tally) add(line []byte) {
	t.lines++
	t.bytes += len(line)
	t.hash.Write(line)
}

func (t *tally) sum() string { return string(t.hash.Sum(nil)) }

type expected struct {
	lines, bytes int
	sum          string
}

// expect is what a reader must get of longLines.
func expect(mb int) (expected, error) {
	h := sha256.New()
	c := &counter{w: h}
	n, err := longLines(c, mb)
	return expected{lines: n, bytes: c.n, sum: string(h.Sum(nil))}, err
}

// counter leaves the last line out.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	if string(b) == last+"\n" {
		return len(b), nil
	}
	c.n += len(b)
	return c.w.Write(b)
}
