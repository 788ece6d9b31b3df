// Package probe asks whether something that was started is ready: one question
// each to an HTTP server, a TCP port or a file, and a loop that asks again. It
// starts nothing, stops nothing and remembers nothing between two tries.
package probe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Schedule says when to ask again.
type Schedule struct {
	// Interval is the pause between the end of one try and the start of the
	// next. Zero or less adapts: it begins at 5 ms and grows by an eighth each
	// time up to 100 ms, so that what is ready is found out after an eighth more
	// of the time that it took, and what starts slowly is not kept busy answering.
	Interval time.Duration
}

const (
	firstPause = 5 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// pauses answers the pauses of a schedule, one after the other.
func (s Schedule) pauses() func() time.Duration {
	if s.Interval > 0 {
		return func() time.Duration { return s.Interval }
	}
	next := firstPause
	return func() time.Duration {
		pause := next
		next = min(next*9/8, lastPause)
		return pause
	}
}

// Poll asks at once, and then again after each pause, until check passes,
// which is nil, or ctx ends, which is its cause joined with the error of the
// last try that had one of its own. Tries never overlap, and none is begun
// when ctx has ended. Check gets ctx as it is: whoever wants to bound a single
// try does it within check.
func Poll(ctx context.Context, check func(context.Context) error, s Schedule) error {
	var last error
	pause := s.pauses()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ended(ctx, last)
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return ended(ctx, last) // both were ready
		}
		err := check(ctx)
		if err == nil {
			return nil
		}
		// A try that was cut short by the end of ctx says nothing about the
		// server; the one before it does.
		if ctx.Err() == nil || last == nil {
			last = err
		}
		timer.Reset(pause())
	}
}

// ended is the error of a Poll that ran out of time.
func ended(ctx context.Context, last error) error {
	err := context.Cause(ctx)
	if last == nil || errors.Is(last, err) {
		return fmt.Errorf("wait for a check to pass: %w", err)
	}
	return errors.Join(fmt.Errorf("wait for a check to pass: %w", err), last)
}
