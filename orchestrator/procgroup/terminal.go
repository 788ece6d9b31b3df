package procgroup

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// PTYSize is the size of a terminal in characters. Zero values mean 24 and 80.
type PTYSize struct{ Rows, Cols uint16 }

const (
	// rawKept is how much of a terminal's raw output is kept, and so how far a reader may lag behind.
	rawKept = 256 << 10
	// rawReplayed is how much of it a new reader gets first.
	rawReplayed = 64 << 10
)

// Terminal is the other side of the pseudo terminal that a group with [Spec.PTY] runs on: what is written to
// it is what the group's programs read from their terminal, so the byte 3 is Ctrl-C. It ends with the group
// and need not be closed. Its methods may be called at any time by any goroutine.
type Terminal struct {
	master *os.File

	mu    sync.Mutex // guards what follows
	raw   []byte     // a ring of the last output: byte n is raw[n%len]
	total int64      // bytes ever written by the group
	wake  chan struct{}
	ended bool
}

// Write types p. It blocks while the group's programs do not read and the system's buffer is full, until the
// group ends. Its error is an [os.ErrClosed] when the group is gone.
func (t *Terminal) Write(p []byte) (int, error) {
	n, err := t.master.Write(p)
	if err != nil {
		return n, fmt.Errorf("type into terminal: %w", err)
	}
	return n, nil
}

// Resize gives the terminal another size. If it differs, the programs in its foreground get SIGWINCH.
func (t *Terminal) Resize(size PTYSize) error {
	if err := setSize(t.master, size); err != nil {
		return fmt.Errorf("resize terminal: %w", err)
	}
	return nil
}

// Attach begins to read the raw output: the most recent, and then what follows. The caller closes it.
func (t *Terminal) Attach() *Attachment {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &Attachment{t: t, next: t.recent(), done: make(chan struct{})}
}

// recent is where a replay begins: after the end of a line if possible, so that it does not begin within a
// character or a terminal code.
func (t *Terminal) recent() int64 {
	start := t.total - rawReplayed
	if start <= 0 {
		return 0
	}
	for at := start; at < t.total; {
		part := t.part(at)
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			return at + int64(i) + 1
		}
		at += int64(len(part))
	}
	return start
}

// part is what the ring holds in one piece from byte at on.
func (t *Terminal) part(at int64) []byte {
	i := at % rawKept
	return t.raw[i:min(rawKept, i+t.total-at)]
}

// record keeps output for present and future readers.
func (t *Terminal) record(p []byte) {
	if len(p) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raw == nil {
		t.raw = make([]byte, rawKept)
	}
	for len(p) > 0 {
		n := copy(t.raw[t.total%rawKept:], p)
		t.total += int64(n)
		p = p[n:]
	}
	t.wakeAll()
}

func (t *Terminal) wakeAll() {
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
}

// end closes this side, which nobody listens to any more.
func (t *Terminal) end() {
	t.mu.Lock()
	t.ended = true
	t.wakeAll()
	t.mu.Unlock()
	_ = t.master.Close() // what was typed and not read is of no use
}

// Attachment reads the raw output of a terminal, codes and all. It never keeps the group waiting: a slow
// reader misses output.
type Attachment struct {
	t    *Terminal
	done chan struct{}
	once sync.Once

	next    int64 // guarded by the terminal's mutex
	skipped int64 // likewise
}

// Read returns what was written since the last Read, or waits for more. Its error is [io.EOF] when the group
// is gone and everything was read, and [os.ErrClosed] after Close. It is for one goroutine at a time.
func (a *Attachment) Read(p []byte) (int, error) {
	for {
		select {
		case <-a.done:
			return 0, os.ErrClosed
		default:
		}
		n, wake, err := a.read(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		select {
		case <-wake:
		case <-a.done:
		}
	}
}

func (a *Attachment) read(p []byte) (n int, wake <-chan struct{}, err error) {
	t := a.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if oldest := t.total - rawKept; a.next < oldest {
		to := t.recent()
		a.skipped += to - a.next
		a.next = to
	}
	if a.next < t.total {
		n = copy(p, t.part(a.next))
		a.next += int64(n)
		return n, nil, nil
	}
	if t.ended {
		return 0, nil, io.EOF
	}
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return 0, t.wake, nil
}

// Close ends a Read that waits. It never fails.
func (a *Attachment) Close() error {
	a.once.Do(func() { close(a.done) })
	return nil
}
