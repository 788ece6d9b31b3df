package procgroup

import (
	"bytes"
	"sync"
	"time"
	"unicode/utf8"
)

// maxLine is the longest line, in bytes without its newline, that arrives in one piece. A longer one arrives
// in several blocks, see [Block.Continued].
const maxLine = 64 << 10

// Pause is how long nothing must have come before an unfinished line is reported, see [Spec.Unfinished].
const Pause = 200 * time.Millisecond

// readSize is what one read of the pipe may bring at most.
const readSize = 128 << 10

// Block is a piece of a command's output, in the order in which it was written.
type Block struct {
	// Text holds one or more whole lines, each ending in '\n'. "\r\n" has become "\n"; of a line that was
	// redrawn with carriage returns only the text after the last one is left; a last line without a newline
	// got one. Otherwise the bytes are the command's own: they may be invalid UTF-8 and hold terminal codes.
	// Text is valid only during the call.
	Text []byte

	// Continued says that Text is a piece of a line longer than [maxLine], that its '\n' was added here, and
	// that the line goes on in the next block. Lines are cut between characters of valid UTF-8, and not
	// within a colour code.
	Continued bool
}

// splitter makes blocks of whole lines out of reads of any size. What it emits
// depends on the bytes alone, never on where a read happened to end.
//
// A chunk of ordinary lines is handed on as it was read, without a copy and
// without a look at each line; only carriage returns and lines that outgrow
// maxLine cost more.
type splitter struct {
	emit func(Block)
	raw  func([]byte) // gets what was read as it is; may be nil
	open func([]byte) // gets the unfinished line after a pause; may be nil

	// mu guards what follows against the timer. What is read next is written
	// behind buf[:n] without it.
	mu    sync.Mutex
	buf   []byte // buf[:n] is the unfinished line
	n     int    // at most maxLine
	cr    bool   // a carriage return came after the unfinished line's text
	timer *time.Timer
	over  bool
}

func newSplitter(emit func(Block)) *splitter {
	return &splitter{emit: emit, buf: make([]byte, maxLine+readSize)}
}

// space is where to read to; advance then takes the number of bytes.
func (s *splitter) space() []byte { return s.buf[s.n:] }

// advance takes in the m bytes at the start of space.
func (s *splitter) advance(m int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.awaitPause()
	if s.raw != nil {
		s.raw(s.buf[s.n : s.n+m])
	}
	var (
		k   = kept{w: s.n, seen: s.n}
		r   = s.n     // what is read next; k.w <= r
		end = s.n + m // end of what was read
	)
	for r < end {
		stop := end
		if i := bytes.IndexByte(s.buf[r:end], '\r'); i >= 0 {
			stop = r + i
		}
		if stop > r {
			if s.cr && s.buf[r] != '\n' {
				s.lines(&k)
				k.w, k.seen = k.line, k.line // redrawn: drop the text before the carriage return
			}
			s.cr = false
			if k.w != r {
				copy(s.buf[k.w:], s.buf[r:stop])
			}
			k.w += stop - r
			r = stop
		}
		if r < end {
			s.cr = true
			r++
		}
	}
	s.lines(&k)
	if k.line > k.out {
		s.emit(Block{Text: s.buf[k.out:k.line]})
	}
	if k.line > 0 {
		copy(s.buf, s.buf[k.line:k.w])
	}
	s.n = k.w - k.line
}

// awaitPause sets the timer for the unfinished line, if there is one.
func (s *splitter) awaitPause() {
	switch {
	case s.open == nil:
	case s.n > 0 && s.timer == nil:
		s.timer = time.AfterFunc(Pause, s.paused)
	case s.n > 0:
		s.timer.Reset(Pause)
	case s.timer != nil:
		s.timer.Stop()
	}
}

// paused reports the unfinished line.
func (s *splitter) paused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n > 0 && !s.over {
		s.open(s.buf[:s.n])
	}
}

// kept is the text at the start of a splitter's buffer, with carriage returns removed: out <= line <= seen <=
// w.
type kept struct {
	out  int // finished text from here on is not emitted yet
	line int // start of the last line found so far
	seen int // no newline between line and here
	w    int // end of the text
}

// lines finds the lines in what was kept since it was last called. It emits
// only when a line outgrows maxLine.
func (s *splitter) lines(k *kept) {
	// A window one byte longer than the longest line holds the end of a line or a line that is too long, so
	// whole lines are skipped 64 KiB at a time.
	for k.w-k.line > maxLine {
		if s.lastLine(k, k.line+maxLine+1) {
			continue
		}
		if k.line > k.out {
			s.emit(Block{Text: s.buf[k.out:k.line]})
		}
		cut := cutBefore(s.buf, k.line, k.line+maxLine)
		saved := s.buf[cut]
		s.buf[cut] = '\n'
		s.emit(Block{Text: s.buf[k.line : cut+1], Continued: true})
		s.buf[cut] = saved
		k.line, k.out = cut, cut
	}
	s.lastLine(k, k.w)
}

// lastLine moves line behind the last newline before end, if there is one.
func (s *splitter) lastLine(k *kept, end int) bool {
	if k.seen >= end {
		return false
	}
	text := s.buf[k.seen:end]
	// Forward first: that is the fast direction, and a long line has no newline.
	i := bytes.IndexByte(text, '\n')
	if i >= 0 {
		i += bytes.LastIndexByte(text[i:], '\n')
		k.line = k.seen + i + 1
	}
	k.seen = end
	return i >= 0
}

// longestEscape is how far a cut moves back for a terminal code: colours are
// shorter.
const longestEscape = 64

// cutBefore moves cut back to the start of the character, or of the terminal code "ESC [ …", that it would
// split.
func cutBefore(b []byte, start, cut int) int {
	if i := bytes.LastIndexByte(b[max(start+1, cut-longestEscape):cut], 0x1b); i >= 0 {
		esc := max(start+1, cut-longestEscape) + i
		end := esc + 1
		if end < cut && b[end] == '[' {
			for end++; end < cut && b[end] >= 0x20 && b[end] <= 0x3f; end++ {
			}
		}
		if end == cut {
			return esc
		}
	}
	for i := cut; i > start && i > cut-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return cut // not UTF-8
}

// finish emits what is left of a last line without a newline.
func (s *splitter) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.n > 0 {
		s.buf[s.n] = '\n'
		s.emit(Block{Text: s.buf[:s.n+1]})
	}
	s.n, s.cr = 0, false
}

// Lines makes blocks out of what is written to it, as they are made of a group's output. One goroutine at a time may use it.
type Lines struct{ s *splitter }

// NewLines makes Lines that hand their blocks to emit.
func NewLines(emit func(Block)) *Lines { return &Lines{newSplitter(emit)} }

// Write takes in what comes next. Its error is nil.
func (l *Lines) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		n := copy(l.s.space(), rest)
		l.s.advance(n)
		rest = rest[n:]
	}
	return len(text), nil
}

// Finish hands on what is left of a last line without an end.
func (l *Lines) Finish() { l.s.finish() }
