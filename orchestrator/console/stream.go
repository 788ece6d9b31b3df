package console

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/clipperhouse/displaywidth"
)

// Stream is the output of one command on its way to the console: a colour that
// one of its lines leaves on goes on in the next one. It is for one goroutine at
// a time, and need not be closed.
type Stream struct {
	c      *Console
	lanes  []lane
	joined bool // the next line goes on where the last one was cut
}

// lane is the way of a stream's lines to those who get them in the same form.
type lane struct {
	c     *Console
	name  string
	color bool
	clean sanitizer
	sinks []*sink
	label []byte // kept unless it tells the time, or the terminal's width has changed

	columns int32 // for which the label is
}

// Stream makes a stream whose lines carry name.
func (c *Console) Stream(name string) *Stream {
	s := &Stream{c: c}
	to := []*sink{c.out}
	switch {
	case c.log == nil:
	case !c.opt.Color:
		to = append(to, c.log)
	default:
		s.lanes = append(s.lanes, lane{c: c, name: name, sinks: []*sink{c.log}})
	}
	s.lanes = append(s.lanes, lane{c: c, name: name, color: c.opt.Color, clean: sanitizer{color: c.opt.Color}, sinks: to})
	return s
}

// Lines writes whole lines, each ending in a newline. The block is not kept.
// With continued it is one piece of a line that goes on in the next call: the
// pieces are shown as lines, and the cut is marked on both sides with "…".
// While the reader is busy with what came before, and the buffer is full, Lines
// waits, see [Options.Buffer].
func (s *Stream) Lines(block []byte, continued bool) { s.emit(Plain, block, continued, true) }

// Unfinished shows a line whose end has not come yet, such as a prompt: text has
// no newline. The line comes to Lines as well, whole, when it has ended. On a
// terminal it stands below everything else until then. Elsewhere it is finished
// where it stands if nothing else has come meanwhile; else it is cut, and comes
// again. It never waits.
func (s *Stream) Unfinished(text []byte) {
	for i := range s.lanes {
		l := &s.lanes[i]
		l.relabel()
		own := l.clean // the line itself is still to come
		var body []byte
		if s.joined {
			body = append(body, cutMark...)
		}
		body = own.line(body, text)
		for _, to := range l.sinks {
			if to == l.c.out {
				l.c.folds.shows(l.name, nil, 0, l.late)
				if _, shown := l.c.filter.Load().fits(l.name, body, 1); shown == 0 {
					continue
				}
			}
			to.unfinished(l, body)
		}
	}
}

// late puts lines that have been held back.
func (l *lane) late(text []byte, lines int) {
	if text, lines = l.c.filter.Load().fits(l.name, text, lines); lines > 0 {
		l.c.out.put(l, l.name, text, lines, false)
	}
}

func (s *Stream) emit(tone Tone, block []byte, continued, wait bool) {
	for i := range s.lanes {
		l := &s.lanes[i]
		l.format(tone, block, s.joined, continued, func(text []byte, lines int) {
			for _, to := range l.sinks {
				text, lines := text, lines
				if wait && to == l.c.out {
					if !l.c.folds.shows(l.name, text, lines, l.late) {
						continue
					}
					text, lines = l.c.filter.Load().fits(l.name, text, lines)
				}
				to.put(l, l.name, text, lines, wait)
			}
		})
	}
	s.joined = continued
}

// Lines are handed to the sinks in pieces of about this size.
const pieceSize = 60 << 10

var pieces = sync.Pool{New: func() any { b := make([]byte, 0, pieceSize+pieceSize/2); return &b }}

const cutMark = "…"

// format hands the block's lines to put, in pieces of whole lines. The pieces
// are put's during the call only.
func (l *lane) format(tone Tone, block []byte, joined, continued bool, put func(text []byte, lines int)) {
	l.relabel()
	before, after := "", ""
	if l.color {
		if before = toneCode[tone]; before != "" {
			after = reset
		}
	}
	kept := pieces.Get().(*[]byte)
	buf, lines := (*kept)[:0], 0
	for len(block) > 0 {
		var line []byte
		line, block = cutLine(block)
		buf = append(buf, l.label...)
		buf = append(buf, before...)
		if joined {
			buf = append(buf, cutMark...)
			joined = false
		}
		buf = l.clean.line(buf, line)
		if continued && len(block) == 0 {
			buf = append(buf, cutMark...)
		}
		buf = append(buf, after...)
		buf = append(buf, '\n')
		if lines++; len(buf) >= pieceSize {
			put(buf, lines)
			buf, lines = buf[:0], 0
		}
	}
	if lines > 0 {
		put(buf, lines)
	}
	if cap(buf) <= 4*pieceSize { // one long line must not keep its memory for ever
		*kept = buf
		pieces.Put(kept)
	}
}

// own formats lines of devloop's own, those after the first in so many rows at most; folded: for a terminal.
func (l *lane) own(lines []Line, most int, folded bool) (text []byte) {
	l.relabel()
	label, blank, room := l.label, l.label, 0
	if folded {
		label = l.c.label(nil, l.name, l.color, blanks)
		width := displaywidth.Bytes(Sanitize(nil, label, false))
		blank = bytes.Repeat([]byte{' '}, width)
		room = int(l.c.columns.Load()) - width
	}
	for i, line := range lines {
		rows := line.wrap(room)
		if i > 0 && len(rows) > most {
			rows = append(rows[:most-1], append(append(rows[most-1], Text{Text: " "}), rows[most]...).cut(room))
		}
		for _, row := range rows {
			text = append(row.format(append(text, label...), l.color), '\n')
			label = blank
		}
	}
	return text
}

// relabel makes the label, anew if it tells the time.
func (l *lane) relabel() {
	if columns := l.c.columns.Load(); l.c.opt.Timestamps || l.label == nil || columns != l.columns {
		l.label, l.columns = l.c.label(l.label[:0], l.name, l.color, between), columns
	}
}

// sharedSpool is closed when the last who replays it is done.
type sharedSpool struct {
	*Spool
	users atomic.Int32
}

func (s *sharedSpool) release() {
	if s.users.Add(-1) == 0 {
		s.Close()
	}
}
