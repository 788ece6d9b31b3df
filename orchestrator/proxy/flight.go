package proxy

import (
	"context"
	"time"
)

// A flight is one request, or raw connection, that was handed to a generation.
type flight struct {
	gen  *generation
	mine *exchange // nil for a raw connection

	// Guarded by front.mu.
	stream   bool // has no end of its own: nobody waits for it
	answered bool // a byte of the answer came
}

// mayResend tells whether another generation may be asked instead, if this one
// dies now. Called with front.mu held.
func (fl *flight) mayResend() bool {
	return !fl.stream && !fl.answered && (fl.mine == nil || fl.mine.mayResend())
}

// board waits for a generation, up to deadline, and books a flight with it.
// changed is closed when another generation is, or none. page tells that who
// waits would rather have a page.
func (f *Front) board(ctx context.Context, ex *exchange, deadline time.Time, page bool) (fl *flight, changed <-chan struct{}, err error) {
	var late <-chan time.Time
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.closed:
			return nil, nil, errClosed
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		case f.current != nil:
			fl := &flight{gen: f.current, mine: ex}
			f.current.flights[fl] = struct{}{}
			return fl, f.change, nil
		case page && f.pages:
			return nil, nil, errDown
		}
		if late == nil {
			left := time.Until(deadline)
			if left <= 0 {
				f.stats.TimedOut++
				return nil, nil, errTimedOut
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			late = timer.C
		}
		if f.wait(ctx, f.change, late) {
			f.stats.TimedOut++
			return nil, nil, errTimedOut
		}
	}
}

// pause waits after a failed try: for a change, or for d, whichever comes
// first.
func (f *Front) pause(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait(ctx, changed, timer.C)
}

// wait lets go of f.mu, which is held, until something happens, and counts who
// waits. late tells that it was the clock.
func (f *Front) wait(ctx context.Context, changed <-chan struct{}, clock <-chan time.Time) (late bool) {
	f.waiting++
	f.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
	case <-clock:
		late = true
	}
	f.mu.Lock()
	f.waiting--
	return late
}

// begin notes that the answer comes.
func (fl *flight) begin(stream bool) {
	f := fl.gen.front
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.answered = true
	if stream {
		fl.stream = true
		fl.gen.settle()
	}
}

// How a flight ends.
type ending int

const (
	answered ending = iota // in full
	cut                    // the server or Drop ended it midway
	left                   // the client did
	retried                // it is sent again
)

// land ends a flight; only the first call counts.
func (fl *flight) land(how ending) {
	f := fl.gen.front
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, flying := fl.gen.flights[fl]; !flying {
		return
	}
	delete(fl.gen.flights, fl)
	if fl.stream && fl.gen.gone {
		how = cut // it had no end of its own: its server's was it
	}
	switch how {
	case answered:
		f.stats.Answered++
	case cut:
		f.stats.Cut++
	case retried:
		f.stats.Retried++
	case left:
	}
	fl.gen.settle()
}
