package journal

import (
	"bytes"
	"sort"
	"time"
)

// recordCost is about what an entry needs beside its text. It counts towards
// the limit: otherwise a command that writes one byte at a time would be kept
// at a hundred times its size.
const recordCost = 128

// A history is cut into so many segments, and the oldest is dropped whole.
const segments = 16

// Segments of a node that says little are small.
const firstSegment = 4 << 10

// history is what is kept of one node, oldest first.
type history struct {
	limit   int
	segment int // size of a full-grown segment
	size    int // of all segments
	kept    []*segment
	spare   *segment // the last one dropped, to be filled again

	lines   uint64    // ever added
	dropped time.Time // of the youngest line that was dropped

	open *Entry // a line that is not finished; nil if there is none. It is not changed
}

// segment is a piece of memory with the entries in it. What was written is not
// changed until the segment is dropped.
type segment struct {
	text    []byte
	records []record
}

// record is an entry without its text.
type record struct {
	seq       uint64
	time      time.Time
	run       int
	part      string
	continued bool
	line      uint64 // the number of its first line among all of the node, from 0
	off, end  int    // of the text in the segment
}

func newHistory(limit int) *history {
	return &history{limit: limit, segment: max(limit/segments, 512)}
}

// add appends one entry of at most a segment's size.
func (h *history) add(r record, text []byte) {
	s := h.room(len(text) + 1) // a newline may be missing
	r.line = h.lines
	r.off = len(s.text)
	s.text = append(s.text, text...)
	n := bytes.Count(text, newline)
	if text[len(text)-1] != '\n' {
		s.text = append(s.text, '\n')
		n++
	}
	r.end = len(s.text)
	h.lines += uint64(n)
	s.records = append(s.records, r)
}

var newline = []byte{'\n'}

// room is the segment that takes n more bytes of text.
func (h *history) room(n int) *segment {
	if last := len(h.kept) - 1; last >= 0 {
		s := h.kept[last]
		if len(s.text)+n+(len(s.records)+1)*recordCost <= cap(s.text) {
			return s
		}
	}
	size := min(h.segment, max(firstSegment, h.size)) // as much again, until it is full-grown
	size = max(size, n+recordCost)
	for len(h.kept) > 0 && h.size+size > h.limit {
		h.drop()
	}
	s := h.spare
	h.spare = nil
	if s == nil || cap(s.text) < size {
		s = &segment{text: make([]byte, 0, size)}
	}
	h.size += cap(s.text)
	h.kept = append(h.kept, s)
	return s
}

// drop forgets the oldest segment.
func (h *history) drop() {
	s := h.kept[0]
	h.kept = append(h.kept[:0], h.kept[1:]...)
	h.size -= cap(s.text)
	h.dropped = s.records[len(s.records)-1].time
	clear(s.records) // they hold strings
	s.text, s.records = s.text[:0], s.records[:0]
	h.spare = s
}

// place is where a reader stands in a history.
type place struct {
	seq  uint64 // the last entry that it has
	line uint64 // the first line that it has not
}

// since is where a reader begins who wants what came at t or later.
func (h *history) since(t time.Time) place {
	var at place
	if t.IsZero() || !h.dropped.Before(t) {
		return at
	}
	for _, s := range h.kept {
		i := sort.Search(len(s.records), func(i int) bool { return !s.records[i].time.Before(t) })
		if i < len(s.records) {
			return place{seq: s.records[i].seq - 1, line: s.records[i].line}
		}
	}
	if n := len(h.kept); n > 0 {
		r := h.kept[n-1].records
		at.seq = r[len(r)-1].seq
	}
	at.line = h.lines
	return at
}

// after finds the first entry younger than seq: a segment and its place in it.
func (h *history) after(seq uint64) (s, i int, ok bool) {
	s = sort.Search(len(h.kept), func(s int) bool {
		r := h.kept[s].records
		return r[len(r)-1].seq > seq
	})
	if s == len(h.kept) {
		return 0, 0, false
	}
	r := h.kept[s].records
	return s, sort.Search(len(r), func(i int) bool { return r[i].seq > seq }), true
}
