package orchestrator

import (
	"context"
	"sync"

	"devloop/orchestrator/sdnotify"
)

// signal is something that happens once: a process has said that it is ready.
type signal struct {
	once sync.Once
	done chan struct{}
}

func newSignal() *signal { return &signal{done: make(chan struct{})} }

// give may be called any number of times, by any goroutine.
func (s *signal) give() { s.once.Do(func() { close(s.done) }) }

// wait returns when the signal was given, or the context has ended.
func (s *signal) wait(ctx context.Context) error {
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openNotify gives a generation a socket on which it, and whatever it starts,
// can say that it is ready. It is closed when the generation has ended.
func (l *loop) openNotify(ctx context.Context, c *command, e *environ) error {
	socket, err := sdnotify.New("")
	if err != nil {
		return err
	}
	e.set("NOTIFY_SOCKET", socket.Path())
	key := c.key
	l.goroutine(func() {
		err := socket.Receive(ctx, func(m sdnotify.Message) {
			if m.Ready {
				c.told.give()
			}
			if m.StatusSet {
				l.post(statusEvent{key, m.Status})
			}
		})
		if err == nil {
			err = socket.Close()
		}
		if err != nil && ctx.Err() == nil {
			l.post(adviceEvent{node: key.node, text: err.Error()})
		}
	})
	return nil
}

// statusEvent is a line that a generation has said of itself.
type statusEvent struct {
	key  commandKey
	text string
}
