package proxy

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// keepBody is how much of a request's body is kept to be sent again, in bytes.
const keepBody = 64 << 10

var errBodyGone = errors.New("the body was read already, and is too large to be kept")

// A body is a request's body that can be read from the start again, while what was read is small enough to
// keep.
type body struct {
	over atomic.Bool               // too much was read
	bad  atomic.Pointer[bodyError] // src ended before the body did; nil: not so far

	mu    sync.Mutex // held while reading from the client; guards below
	src   io.Reader
	kept  []byte
	err   error       // how src ended
	owner *bodyReader // the only reader once over is set
}

func newBody(src io.Reader) *body { return &body{src: src} }

// A bodyError is the client's mistake, or its disconnect: the request is not sent again.
type bodyError struct{ error }

func (e bodyError) Error() string {
	return "the body of the request cannot be read: " + e.error.Error()
}

func (e bodyError) Unwrap() error { return e.error }

// failed is why the body cannot be read to its end; it does not wait.
func (b *body) failed() error {
	if e := b.bad.Load(); e != nil {
		return *e
	}
	return nil
}

// complete tells whether everything that was read is still kept; it does not wait.
func (b *body) complete() bool { return !b.over.Load() }

// reader reads the body from its start. The reader before it should be closed.
func (b *body) reader() *bodyReader { return &bodyReader{body: b} }

type bodyReader struct {
	body   *body
	off    int // in kept
	closed atomic.Bool
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if r.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	b := r.body
	// http.Transport may still read for a try that has failed: what it gets is kept for the next try, which
	// waits here.
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over.Load() && b.owner != r {
		return 0, errBodyGone
	}
	if r.off < len(b.kept) {
		n := copy(p, b.kept[r.off:])
		r.off += n
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.src.Read(p)
	b.err = err
	if err != nil && err != io.EOF {
		b.bad.Store(&bodyError{err})
	}
	if b.over.Load() {
		return n, err
	}
	if len(b.kept)+n > keepBody && !r.closed.Load() {
		b.over.Store(true)
		b.owner, b.kept = r, nil
		return n, err
	}
	b.kept = append(b.kept, p[:n]...)
	r.off += n
	return n, err
}

// Close ends this reader only; the HTTP server closes the client's body.
func (r *bodyReader) Close() error {
	r.closed.Store(true)
	return nil
}
