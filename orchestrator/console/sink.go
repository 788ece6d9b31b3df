package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// errStalled says that what is left could not be written in time: nobody reads.
var errStalled = errors.New("nobody reads the output")

const (
	// look is how often a waiting writer looks whether the reader reads. Looks
	// are counted, and not the time: a program that was suspended for an hour
	// has missed one.
	look = 100 * time.Millisecond

	chunkSize = 128 << 10 // of the memory that the queue is made of
	saying    = 1 << 20   // what devloop itself says has so much room on top
	replaying = 64 << 10  // what a replay counts for, whatever its spool holds

	// One write is between these: small ones for a slow reader, who is seen to
	// read, large ones for a fast one.
	smallWrite = 4 << 10
	largeWrite = 256 << 10
)

// sink is a writer and the lines on their way to it. One goroutine writes.
type sink struct {
	w      io.Writer
	limit  int // of queued bytes; 0: whoever comes writes for themselves
	notice func(name string, lines int) []byte

	mu       sync.Mutex // guards what follows
	queue    []*chunk
	free     []*chunk
	size     int           // of the queue, and of what is being written
	came     uint64        // bytes that were ever queued
	went     uint64        // bytes that are written or given up
	progress uint64        // writes that ended
	moved    chan struct{} // closed when there is room again; nil when nobody waits
	work     *sync.Cond    // signalled when there is something to write, or nothing more will be
	stalled  bool          // the reader has taken nothing for longer than Patience
	lost     []loss        // not told yet, in the order in which it began
	open     openLines
	status   statusLine
	closed   bool
	err      error // the first one of w; nothing is written after it
}

// chunk is a piece of the queue: lines, or a replay.
type chunk struct {
	text   []byte
	replay func(put func([]byte))
	giveUp func()
}

func (c *chunk) size() int {
	if c.replay != nil {
		return replaying
	}
	return len(c.text)
}

type loss struct {
	name  string
	lines int
}

func newSink(w io.Writer, limit int, notice func(string, int) []byte) *sink {
	s := &sink{w: w, limit: limit, notice: notice}
	s.work = sync.NewCond(&s.mu)
	if limit > 0 {
		go s.run()
	}
	return s
}

// put takes in whole lines of a lane; nil stands for what is nobody's. With wait
// it waits for room as long as the reader reads.
func (s *sink) put(of *lane, name string, text []byte, lines int, wait bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.err != nil:
	case s.limit <= 0 || s.admit(len(text), wait):
		s.write1(s.open.around(of, text))
	case s.err == nil && !s.closed:
		s.lose(name, lines)
	}
}

// unfinished takes in a line of a lane whose end has not come yet.
func (s *sink) unfinished(of *lane, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.err == nil && (s.limit <= 0 || s.admit(len(body), false)) {
		s.write1(s.open.add(of, body))
		s.changed()
	}
}

// write1 queues text, or writes it where there is no queue.
func (s *sink) write1(text []byte) {
	switch {
	case len(text) == 0:
	case s.limit <= 0:
		_, s.err = s.w.Write(text)
	default:
		s.push(text)
	}
}

// replay takes in what play will write when its turn comes; giveUp is called in
// place of play if that never comes.
func (s *sink) replay(name string, lines int, play func(put func([]byte)), giveUp func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.err != nil:
		giveUp()
	case s.limit <= 0:
		play(func(b []byte) {
			if s.err == nil {
				_, s.err = s.w.Write(s.open.around(nil, b))
			}
		})
	case s.admit(replaying, false):
		if s.open.inPlace && len(s.open.lines) > 0 && !s.open.drawn { // it comes back below
			s.push([]byte(takeBack))
			defer func() { s.push(s.open.shown(nil)) }()
		} else {
			s.write1(s.open.around(nil, nil))
		}
		s.queue = append(s.queue, &chunk{replay: play, giveUp: giveUp})
		s.added(replaying)
	default:
		s.lose(name, lines)
		giveUp()
	}
}

// admit says that n more bytes may be queued.
func (s *sink) admit(n int, wait bool) bool {
	room := func() bool { return s.size == 0 || s.size+n <= s.limit || s.closed || s.err != nil }
	switch {
	case !wait:
		return s.size == 0 || s.size+n <= s.limit+saying
	case room():
	case s.stalled:
		return false
	default:
		s.stalled = s.await(context.Background(), Patience, func() bool { return room() || s.stalled }) != nil || s.stalled
	}
	return room() && !s.closed && s.err == nil
}

// push copies text to the end of the queue.
func (s *sink) push(text []byte) {
	if n := len(s.queue); n > 0 {
		last := s.queue[n-1]
		if last.replay == nil && len(last.text)+len(text) <= cap(last.text) {
			last.text = append(last.text, text...)
			s.added(len(text))
			return
		}
	}
	var c *chunk
	if n := len(s.free); n > 0 && len(text) <= chunkSize {
		c, s.free = s.free[n-1], s.free[:n-1]
	} else {
		c = &chunk{text: make([]byte, 0, max(chunkSize, len(text)))}
	}
	c.text = append(c.text[:0], text...)
	s.queue = append(s.queue, c)
	s.added(len(text))
}

func (s *sink) added(n int) {
	s.size += n
	s.came += uint64(n)
	if !s.status.paused || s.size >= redrawSize {
		s.work.Signal()
	}
}

func (s *sink) lose(name string, lines int) {
	for i := range s.lost {
		if s.lost[i].name == name {
			s.lost[i].lines += lines
			return
		}
	}
	if lines > 0 {
		s.lost = append(s.lost, loss{name, lines})
	}
}

// run writes what is queued until the sink is closed and empty.
func (s *sink) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := smallWrite
	for {
		for s.waits() {
			s.work.Wait()
		}
		if len(s.queue) == 0 {
			if s.closed && !s.status.up {
				return
			}
			s.mu.Unlock()
			size = s.write(nil, size, false)
			s.mu.Lock()
			continue
		}
		c := s.queue[0]
		copy(s.queue, s.queue[1:])
		s.queue[len(s.queue)-1] = nil
		s.queue = s.queue[:len(s.queue)-1]
		if c.replay != nil {
			s.mu.Unlock()
			c.replay(func(b []byte) { size = s.write(b, size, false) })
			s.mu.Lock()
			s.gone(replaying)
			continue
		}
		s.mu.Unlock()
		size = s.write(c.text, size, true)
		s.mu.Lock()
		if cap(c.text) == chunkSize && len(s.free) < 16 {
			s.free = append(s.free, c)
		}
	}
}

// write writes text in pieces of whole lines of about size bytes, and returns
// the size for the next ones. queued says that the text counts for the queue.
func (s *sink) write(text []byte, size int, queued bool) int {
	for first := true; first || len(text) > 0; first = false {
		piece := text
		if len(text) > size {
			end := bytes.LastIndexByte(text[:size], '\n')
			if end < 0 {
				end = size + bytes.IndexByte(text[size:], '\n') // there is one: these are whole lines
			}
			piece = text[:end+1]
		}
		text = text[len(piece):]
		s.mu.Lock()
		whole := s.compose(piece)
		if s.err != nil {
			whole, s.status.up = nil, false
		}
		s.mu.Unlock()
		if len(whole) == 0 {
			break
		}
		began := time.Now()
		_, err := s.w.Write(whole)
		switch took := time.Since(began); {
		case took > look:
			size = smallWrite
		case took < look/20 && len(piece) > size/2:
			size = min(2*size, largeWrite)
		}
		s.mu.Lock()
		s.progress++
		if err != nil && s.err == nil {
			s.fail(err)
		}
		stop := s.err != nil
		s.report()
		switch {
		case !queued:
			s.gone(0)
		case stop:
			s.gone(len(piece) + len(text))
		default:
			s.gone(len(piece))
		}
		s.mu.Unlock()
		if stop {
			break
		}
	}
	return size
}

// report queues how much was lost, now that somebody reads again.
func (s *sink) report() {
	s.stalled = false
	for _, l := range s.lost {
		s.push(s.open.around(nil, s.notice(l.name, l.lines)))
	}
	s.lost = s.lost[:0]
}

// fail gives up: nobody will ever read what is queued.
func (s *sink) fail(err error) {
	s.err = err
	s.lost = nil
	for _, c := range s.queue {
		if c.giveUp != nil {
			c.giveUp()
		}
		s.gone(c.size())
	}
	s.queue = nil
}

// gone takes n bytes off the size.
func (s *sink) gone(n int) {
	s.size -= n
	s.went += uint64(n)
	if s.moved != nil && (s.size <= s.limit/2 || s.err != nil) {
		close(s.moved)
		s.moved = nil
	}
}

// await waits until ready says so, with ctx's error until that ends, or with
// errStalled until nothing was written for patience.
func (s *sink) await(ctx context.Context, patience time.Duration, ready func() bool) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	seen := s.progress
	for idle := time.Duration(0); !ready(); {
		if s.moved == nil {
			s.moved = make(chan struct{})
		}
		moved := s.moved
		s.mu.Unlock()
		looked := false
		select {
		case <-moved:
		case <-ticker.C:
			looked = true
		case <-ctx.Done():
		}
		s.mu.Lock()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.progress != seen:
			seen, idle = s.progress, 0
		case looked:
			if idle += look; idle >= patience && !ready() {
				return errStalled
			}
		}
	}
	return nil
}

// flush waits until what came before the call is written, or given up.
func (s *sink) flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	mark := s.came
	return s.await(ctx, 2*Patience, func() bool { return s.went >= mark && (!s.closed || !s.status.up) })
}

// close makes run end when everything is written.
func (s *sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.err == nil {
		s.write1(s.open.end())
	}
	s.closed, s.status.shown = true, false
	if s.status.timer != nil {
		s.status.timer.Stop()
	}
	s.work.Signal()
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

func (s *sink) error() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
