package orchestrator

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"devloop/orchestrator/api"
)

// mailbox is how other goroutines reach the loop's.
type mailbox struct {
	ctx    context.Context // ends when run returns
	cancel context.CancelFunc
	joined sync.WaitGroup // every goroutine of this package, except onDisk's
	onDisk sync.WaitGroup // those that may have to wait for a disk
	events chan any
	asks   chan func() // questions for the loop's goroutine
}

func newMailbox(ctx context.Context) *mailbox {
	m := &mailbox{events: make(chan any, 64), asks: make(chan func())}
	m.ctx, m.cancel = context.WithCancel(ctx)
	return m
}

// post sends an event to the loop. It is false if the loop has ended. Every goroutine that posts is counted
// in joined or onDisk, and ends with the loop's context.
func (m *mailbox) post(ev any) (taken bool) {
	select {
	case m.events <- ev:
		return true
	case <-m.ctx.Done():
		return false
	}
}

// noticeEvent is a message about no particular node.
type noticeEvent struct{ text string }

// placeEvent is where a process has failed.
type placeEvent struct{ show func() }

// tryNotice posts a notice, or drops it.
func (m *mailbox) tryNotice(text string) (told bool) {
	select {
	case m.events <- noticeEvent{text}:
		return true
	default:
		return false
	}
}

// ask runs a question in the loop's goroutine and waits for it. The question may not block, and must return
// copies.
func (m *mailbox) ask(ctx context.Context, question func()) error {
	answered := make(chan struct{})
	select {
	case m.asks <- func() { question(); close(answered) }:
		<-answered
		return nil
	case <-m.ctx.Done():
		return api.ErrEnding
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaveFor is how long the end of the loop waits for a disk.
const leaveFor = 2 * time.Second

// leave closes what may have to wait for a disk, and waits leaveFor at most.
func (m *mailbox) leave(closers ...func() error) error {
	var mu sync.Mutex // guards errs
	var errs []error
	add := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	for _, closer := range closers {
		m.onDisk.Go(func() { add(closer()) })
	}
	left := make(chan struct{})
	go func() {
		m.onDisk.Wait()
		close(left)
	}()
	timer := time.NewTimer(leaveFor)
	defer timer.Stop()
	select {
	case <-left:
	case <-timer.C:
		return errors.New("a file system does not respond; devloop ends without waiting for it")
	}
	// Close what was opened and never handled.
	for {
		select {
		case ev := <-m.events:
			if ev, ok := ev.(io.Closer); ok {
				add(ev.Close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}
