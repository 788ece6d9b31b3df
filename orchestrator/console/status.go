package console

import (
	"bytes"
	"context"
	"time"
)

// Draw composes the status line for a terminal of so many columns: what stands
// first is kept when it does not fit. The line says something else after next; 0:
// only after the next [Console.Status]. The console's writer calls it whenever it
// writes, so it may only read what does not change any more.
type Draw func(now time.Time, columns int) (line Line, next time.Duration)

// Status shows a line below all others, in place of the one before; nil: none. It
// needs [Options.Columns], and is not shown before the first [Console.Show].
func (c *Console) Status(draw Draw) {
	c.out.change(func(s *statusLine) { s.draw = draw })
}

// Filter shows what fits from now on; nil shows everything. The status line says
// so.
func (c *Console) Filter(f *Filter) {
	c.filter.Store(f)
	c.Prompt("")
}

// Prompt shows what a person is typing at the start of the status line; "" when
// that has ended.
func (c *Console) Prompt(text string) {
	if text == "" {
		if text = c.filter.Load().String(); text != "" {
			text += " (0 all)"
		}
	}
	c.out.change(func(s *statusLine) { s.note = text })
}

// Show shows the status line, Hide takes it away until the next Show: while devloop
// is suspended, or in the background of the terminal. Hide returns when it is gone,
// or when the terminal takes nothing.
func (c *Console) Show() {
	c.measure() // it may have been resized meanwhile
	c.reportFocus(true)
	c.out.change(func(s *statusLine) { s.shown, s.again = true, true })
}

// Hide is the opposite of Show.
func (c *Console) Hide() {
	c.reportFocus(false)
	s := c.out
	s.change(func(st *statusLine) { st.shown = false })
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.await(context.Background(), Patience, func() bool { return !s.status.up }) // a terminal that takes nothing shows nothing new
}

// The terminal tells with ESC [ I and ESC [ O when it gets and loses the focus.
const (
	focusOn  = "\x1b[?1004h"
	focusOff = "\x1b[?1004l"
)

// reportFocus has the terminal tell of its focus or not.
func (c *Console) reportFocus(on bool) {
	if !c.opt.Focus || c.opt.Columns == nil || c.focusAsked.Swap(on) == on {
		return
	}
	if c.focused.Store(false); on {
		c.control(focusOn)
	} else {
		c.control(focusOff)
	}
}

// Resized draws the status line anew: the terminal has another size.
func (c *Console) Resized() {
	c.measure()
	c.out.change(func(s *statusLine) { s.again = true })
}

// Title names the terminal's window until [Console.Close], which gives it its
// former name. Without [Options.Columns] nothing happens.
func (c *Console) Title(text string) {
	if c.opt.Columns == nil {
		return
	}
	code := "\x1b]2;" + oneLine(text) + "\x1b\\"
	if !c.titled.Swap(true) {
		code = "\x1b[22;2t" + code
	}
	c.control(code)
}

const (
	// Cursor and status line stay where they are while lines are written: the
	// cursor rests at the start of the row above. There it is found again after the
	// terminal has been made narrower, and has broken the status line into several
	// rows. What a shell writes when devloop is killed comes there, and its prompt
	// in the status line's place, so that [ResetStatus] finds the rest of it behind
	// the cursor, whoever is faster.
	// Erasing in two steps keeps tmux from taking a line at the top of the screen
	// for a whole screen, which it moves to its scrollback.
	eraseStatus = "\x1b[K\x1b[C\x1b[J\r"

	// The terminal shows what stands between these at once, if it knows them.
	beginUpdate = "\x1b[?2026h"
	endUpdate   = "\x1b[?2026l"

	// redrawEvery is how often the terminal is written while there is a status line,
	// at most, unless so many bytes wait. The first line after a pause goes at once.
	redrawEvery = 100 * time.Millisecond
	redrawSize  = 64 << 10
)

// ResetStatus takes a status line away, and puts back the modes and the title that
// it has changed, for a program that has ended before it could. What a shell has
// written since then is left.
const ResetStatus = endUpdate + wrap + focusOff + "\x1b[0m\x1b[J\x1b[23;2t"

// statusLine is the row below the lines of a sink, with the line above it that has
// not ended, if there is one. It is guarded by the sink's mutex.
type statusLine struct {
	columns func() int // nil: there is none
	color   bool
	draw    Draw
	note    string // stands before what is drawn
	shown   bool

	up     bool        // it stands on the terminal
	row    []byte      // as it stands there
	again  bool        // it is to be drawn although nothing has changed
	last   time.Time   // of the last write
	due    time.Time   // when it says something else by itself; zero: never
	timer  *time.Timer // wakes the writer
	paused bool        // it waits for the timer, or for enough to write
	frame  []byte      // reused
}

// change changes the status line, and draws it.
func (s *sink) change(set func(*statusLine)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.columns == nil || s.closed || s.err != nil {
		return
	}
	if set(&s.status); s.status.shown || s.status.up {
		s.changed()
	}
}

// changed has the status line drawn.
func (s *sink) changed() {
	s.status.due = time.Now()
	s.work.Signal()
}

// wake wakes the writer after a while.
func (s *sink) wake(after time.Duration) {
	if s.status.timer != nil {
		s.status.timer.Reset(after)
		return
	}
	s.status.timer = time.AfterFunc(after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status.paused = false
		s.work.Signal()
	})
}

// waits tells whether the writer has nothing to do now, and sees to it that it is
// woken when it has.
func (s *sink) waits() bool {
	st := &s.status
	st.paused = false
	if len(s.queue) == 0 {
		if s.closed {
			return false
		}
		if st.due.IsZero() {
			return true
		}
		if wait := time.Until(st.due); wait > 0 {
			s.wake(wait)
			return true
		}
	}
	if !st.up || s.closed || !st.shown || s.size >= redrawSize {
		return false
	}
	if wait := redrawEvery - time.Since(st.last); wait > 0 {
		s.wake(wait)
		st.paused = true
		return true
	}
	return false
}

// compose puts the status line below a piece of output, and returns what to write;
// nil if nothing is to be.
func (s *sink) compose(piece []byte) []byte {
	st := &s.status
	if st.columns == nil {
		return piece
	}
	now := time.Now()
	var row []byte
	st.due = time.Time{}
	if st.shown && (st.draw != nil || len(s.open.lines) > 0) {
		columns := st.columns()
		if columns <= 0 {
			columns = 80
		}
		var line Line
		if st.draw != nil {
			var next time.Duration
			if line, next = st.draw(now, columns); next > 0 {
				st.due = now.Add(next)
			}
			if st.note != "" {
				line = append(Line{{Text: st.note, Tone: Warn}, {Text: " · "}}, line...)
			}
		}
		row = st.compose(line, columns, &s.open)
	}
	same := st.up == (row != nil) && bytes.Equal(row, st.row) && !st.again
	if len(piece) == 0 && same {
		return nil
	}
	st.last, st.again = now, false
	if !st.up && row == nil {
		return piece
	}
	b := st.frame[:0]
	b = append(b, beginUpdate...)
	if st.up {
		b = append(b, eraseStatus...)
	}
	b = append(append(append(b, piece...), row...), endUpdate...)
	st.up, st.row = row != nil, append(st.row[:0], row...)
	if cap(b) <= 2*largeWrite {
		st.frame = b
	}
	return b
}

// compose is the row, with the line above it that has not ended, or an empty one.
func (st *statusLine) compose(line Line, columns int, open *openLines) []byte {
	row := append(open.shown(nil), "\r\n"+noWrap...)
	row = line.cut(columns-1).format(row, st.color)
	return append(row, wrap+"\r\x1b[A"...)
}
