package filewatch

import (
	"context"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
)

// Owner is what everything here needs from the goroutine that owns it. Go and
// Post are called by any goroutine, the rest by the owner's.
type Owner struct {
	Context context.Context // ends when nobody listens any more
	Disk    *diskqueue.Queue
	Own     *Own
	Go      func(work func())        // starts work that may have to wait for a disk
	Post    func(Event) (taken bool) // false if nobody takes it any more
	Note    func(notes ...string)    // tells people each thing once
	Notice  func(text string)
}

// Event is what another goroutine has to say. The owner handles it.
type Event struct {
	handle func()
	opened *watcher // to be closed if nobody handles the event
}

// Handle takes in an event. It is called by the owner's goroutine.
func (e Event) Handle() { e.handle() }

// Close gives back what the event carries, instead of Handle.
func (e Event) Close() error {
	if e.opened == nil {
		return nil
	}
	return e.opened.close()
}

// post has the owner's goroutine do something.
func (o *Owner) post(do func()) bool { return o.Post(Event{handle: do}) }

// allReady waits until all of these are closed, in another goroutine than the
// owner's. It is false if the owner has ended before.
func (o *Owner) allReady(all ...<-chan struct{}) bool {
	for _, ready := range all {
		select {
		case <-ready:
		case <-o.Context.Done():
			return false
		}
	}
	return true
}

// discard closes a watcher that nobody looks at any more.
func (o *Owner) discard(w *watcher) {
	if w == nil {
		return
	}
	o.Go(func() {
		if err := w.close(); err != nil {
			o.post(func() { o.Notice(err.Error()) })
		}
	})
}

// polled waits until a poller that has taken the place of another, if there was
// one, misses nothing any more. Then it has the owner's goroutine do something,
// with what only the one before has seen.
func (o *Owner) polled(before, poll *fspoll.Watcher, then func(missed batch)) {
	all := []<-chan struct{}{poll.Ready()}
	if before != nil {
		all = append(all, before.Ready())
	}
	o.Go(func() {
		var missed batch
		ready := o.allReady(all...)
		switch {
		case before != nil && ready:
			missed.addPolled(before.Finish())
		case before != nil:
			_ = before.Close() // it has no errors
		}
		if ready {
			o.post(func() { then(missed) })
		}
	})
}
