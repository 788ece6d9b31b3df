package remotecache

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	mostFailures = 3           // in a row, until a cache is left out
	rest         = time.Minute // for so long
)

// breaker leaves a cache out that fails.
type breaker struct {
	notice func(error)

	mu       sync.Mutex
	failures int
	until    time.Time
	told     bool // since it last succeeded
}

// do makes a call, unless the cache is left out.
func (b *breaker) do(ctx context.Context, call func() error) error {
	b.mu.Lock()
	resting := time.Now().Before(b.until)
	b.mu.Unlock()
	if resting {
		return errLeftOut
	}
	err := call()
	var callers *callersError
	switch {
	case errors.As(err, &callers):
		return callers.error
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case err == nil, errors.Is(err, errMissing):
		b.mu.Lock()
		b.failures, b.told = 0, false
		b.mu.Unlock()
		return err
	}
	b.failed(err)
	return err
}

func (b *breaker) failed(err error) {
	var refused *refusal
	b.mu.Lock()
	b.failures++
	out := b.failures >= mostFailures || errors.As(err, &refused)
	if out {
		b.until = time.Now().Add(rest)
		b.failures = mostFailures - 1 // after the rest, one more is enough
	}
	report := out && !b.told
	b.told = b.told || out
	b.mu.Unlock()
	if report {
		b.notice(err)
	}
}
