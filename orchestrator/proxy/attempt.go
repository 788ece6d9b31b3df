package proxy

import (
	"context"
	"time"
)

// An attempt is one request, or raw connection, sent to a generation.
type attempt struct {
	gen  *generation
	mine *exchange

	// Guarded by front.mu.
	overdue  *time.Timer // of a request that is sent again; nil: it is not
	stream   bool        // has no end of its own: it is not waited for
	answered bool        // a byte of the answer came
}

// mayResend tells whether another generation may be asked, if this one dies now. Called with front.mu held.
func (try *attempt) mayResend() bool {
	return !try.stream && !try.answered && try.mine.mayResend()
}

// newAttempt waits for a generation, as long as the exchange has patience, and records an attempt with it.
// changed is closed when the current generation changes. Requests that are sent again because a generation
// has hung up on them go one at a time, together only with requests that were never sent before: one that
// crashes the server cannot fail the others.
func (f *Front) newAttempt(ctx context.Context, ex *exchange) (try *attempt, changed <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		suspect := ex.hungUp != nil && !ex.hungUp.killed
		next := f.change
		switch {
		case f.closed:
			return nil, nil, errClosed
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		case f.current != nil && suspect && f.trying != nil:
			next = f.turn
		case f.current != nil:
			try := &attempt{gen: f.current, mine: ex}
			f.current.attempts[try] = struct{}{}
			if suspect {
				f.trying = try
				try.overdue = time.AfterFunc(suspectLimit, try.nextTurn)
			}
			return try, f.change, nil
		case ex.page && f.pages, f.refuses && f.current == nil:
			return nil, nil, errDown
		}
		if ex.patience <= 0 {
			f.stats.TimedOut++
			return nil, nil, errTimedOut
		}
		f.wait(ctx, ex, next, ex.patience)
	}
}

// nextTurn lets the next request be sent once more.
func (try *attempt) nextTurn() {
	f := try.gen.front
	f.mu.Lock()
	defer f.mu.Unlock()
	try.endTurn()
}

// endTurn is called with front.mu held.
func (try *attempt) endTurn() {
	f := try.gen.front
	if try.overdue == nil || f.trying != try {
		return
	}
	try.overdue.Stop()
	f.trying = nil
	close(f.turn)
	f.turn = make(chan struct{})
}

// pause waits after a failed try: for a change, or for d, whichever comes first.
func (f *Front) pause(ctx context.Context, ex *exchange, changed <-chan struct{}, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait(ctx, ex, changed, min(d, ex.patience))
}

// wait releases f.mu, which is held, until something happens or the limit has passed, and counts the waiting
// requests. The time is taken from the exchange's patience.
func (f *Front) wait(ctx context.Context, ex *exchange, changed <-chan struct{}, limit time.Duration) {
	if limit <= 0 {
		return
	}
	timer, since := time.NewTimer(limit), time.Now()
	defer timer.Stop()
	if ex.since.IsZero() {
		ex.since = since
	}
	first := len(f.waiting) == 0
	f.waiting[ex] = struct{}{}
	f.mu.Unlock()
	if first && f.opt.Waits != nil {
		f.opt.Waits()
	}
	select {
	case <-changed:
	case <-ctx.Done():
	case <-timer.C:
	}
	f.mu.Lock()
	delete(f.waiting, ex)
	ex.patience -= time.Since(since)
}

// begin records that the answer has begun.
func (try *attempt) begin(stream bool) {
	f := try.gen.front
	f.mu.Lock()
	defer f.mu.Unlock()
	try.answered = true
	try.endTurn()
	if stream {
		try.stream = true
		try.gen.settle()
	}
}

// How an attempt ends.
type ending int

const (
	answered ending = iota // in full
	cut                    // the server or Drop broke it off
	left                   // the client did
	retried                // it is sent again
)

// finish ends an attempt; only the first call counts.
func (try *attempt) finish(how ending) {
	f := try.gen.front
	f.mu.Lock()
	defer f.mu.Unlock()
	try.end(how)
}

// end is finish, called with front.mu held.
func (try *attempt) end(how ending) {
	f := try.gen.front
	if _, running := try.gen.attempts[try]; !running {
		return
	}
	delete(try.gen.attempts, try)
	try.endTurn()
	if try.stream && try.gen.gone {
		how = cut // it ended with its server
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
	try.gen.settle()
}
