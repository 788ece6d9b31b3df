package filewatch

import (
	"context"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
)

// Owner is the interface to the goroutine that owns a Files. Go and Post may be called by any goroutine, the
// rest only by the owner's.
type Owner struct {
	Context context.Context // ends with the owner
	Disk    *diskqueue.Queue
	Own     *Own
	Go      func(work func())        // starts work that may have to wait for a disk
	Post    func(Event) (taken bool) // false if the owner has ended
	Note    func(notes ...string)    // shows each note once
	Notice  func(text string)
}

// Event comes from another goroutine. The owner handles it.
type Event struct {
	handle func()
	opened *watcher // to be closed if the event is not handled
}

// Handle handles an event. The owner's goroutine calls it.
func (e Event) Handle() { e.handle() }

// Close releases what the event carries, instead of Handle.
func (e Event) Close() error {
	if e.opened == nil {
		return nil
	}
	return e.opened.close()
}

// post runs a function in the owner's goroutine.
func (o *Owner) post(do func()) { o.Post(Event{handle: do}) }

// allReady waits until all of these are closed, outside the owner's goroutine. It is false if the owner ends
// first.
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

// discard closes a watcher that is not used any more.
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

// polled waits until a new poller misses nothing, and then runs a function in the owner's goroutine, with
// what only the poller before it, if there was one, has seen.
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
