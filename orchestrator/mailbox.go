package orchestrator

import (
	"context"
	"errors"
	"sync"
	"time"

	"devloop/orchestrator/api"
	"devloop/orchestrator/filewatch"
)

// mailbox is how other goroutines reach the loop's, which takes in what they send.
type mailbox struct {
	ctx    context.Context // ends when run returns
	cancel context.CancelFunc
	joined sync.WaitGroup // every goroutine of this package, but for:
	onDisk sync.WaitGroup // those that may have to wait for a disk
	events chan any
	asks   chan func() // questions, to be answered by the owner of everything
}

func newMailbox(ctx context.Context) *mailbox {
	m := &mailbox{events: make(chan any, 64), asks: make(chan func())}
	m.ctx, m.cancel = context.WithCancel(ctx)
	return m
}

// post hands an event to the loop. It is false if nobody takes it any more. Every
// goroutine that posts is counted in joined or onDisk, and ends when the loop's
// context does.
func (m *mailbox) post(ev any) (taken bool) {
	select {
	case m.events <- ev:
		return true
	case <-m.ctx.Done():
		return false
	}
}

// noticeEvent is something that people should know, of no node.
type noticeEvent struct{ text string }

// tryNotice posts a notice that may be given up.
func (m *mailbox) tryNotice(text string) (told bool) {
	select {
	case m.events <- noticeEvent{text}:
		return true
	default:
		return false
	}
}

// ask runs a question in the loop's goroutine, which owns everything, and
// waits for it. The question may not block, and what it hands out must be a
// copy.
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

// leave closes what may have to wait for a disk, and does not wait for long.
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
	// What has been opened, and nobody has looked at.
	for {
		select {
		case ev := <-m.events:
			if ev, ok := ev.(filewatch.Event); ok {
				add(ev.Close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}
