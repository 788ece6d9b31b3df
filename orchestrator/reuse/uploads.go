package reuse

import (
	"context"
	"sync"

	"devloop/orchestrator/cas"
)

// uploads is what goes on beside stages: one thing after the other, in a goroutine that lives as long as there is
// something to do.
type uploads struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards what follows
	queue   []func(context.Context)
	busy    bool
	ended   bool
	done    chan struct{} // closed when the goroutine has ended; nil: there is none
	trimmed bool          // a trim is in the queue
}

// mostUploads is how many may wait: what comes then is not sent.
const mostUploads = 1000

func (u *uploads) open() { u.ctx, u.cancel = context.WithCancel(context.Background()) }

func (u *uploads) add(do func(context.Context)) (added bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended || len(u.queue) >= mostUploads {
		return false
	}
	u.queue = append(u.queue, do)
	if !u.busy {
		u.busy, u.done = true, make(chan struct{})
		go u.work(u.done)
	}
	return true
}

// trim makes the store as small as it may be, soon.
func (u *uploads) trim(store *cas.Store) {
	set := func(waits bool) (before bool) {
		u.mu.Lock()
		defer u.mu.Unlock()
		before, u.trimmed = u.trimmed, waits
		return before
	}
	if set(true) {
		return
	}
	if !u.add(func(context.Context) {
		set(false)
		_ = store.Trim() // it is done again after the next pass
	}) {
		set(false)
	}
}

func (u *uploads) work(done chan struct{}) {
	defer close(done)
	for {
		u.mu.Lock()
		if len(u.queue) == 0 {
			u.busy = false
			u.mu.Unlock()
			return
		}
		do := u.queue[0]
		u.queue = u.queue[1:]
		u.mu.Unlock()
		do(u.ctx)
	}
}

// close waits for what there is to do until ctx ends, and no longer.
func (u *uploads) close(ctx context.Context) {
	u.mu.Lock()
	u.ended = true
	done := u.done
	u.mu.Unlock()
	defer u.cancel()
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
		u.mu.Lock()
		u.queue = nil
		u.mu.Unlock()
		u.cancel()
		<-done
	}
}
