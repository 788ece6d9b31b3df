package orchestrator

import (
	"context"
	"path/filepath"
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
// can say that it is ready. It is there until the generation has ended, and not
// only until it was asked to: a server that says STOPPING=1 on its way out, as
// Puma and many with libsystemd do, would fail for want of it.
func (l *loop) openNotify(c *command, e *environ) error {
	socket, err := sdnotify.New("")
	if err != nil {
		return err
	}
	e.set("NOTIFY_SOCKET", socket.Path())
	ctx, cancel := context.WithCancel(l.ctx)
	c.endNotify = cancel
	dir := filepath.Dir(socket.Path())
	l.own.temporary(dir)
	key := c.key
	l.goroutine(func() {
		err := socket.Receive(ctx, func(m sdnotify.Message) {
			if m.Ready {
				c.told.give()
			}
			if m.Ready || m.Reloading || m.Stopping || m.StatusSet {
				l.post(notifiedEvent{key, m})
			}
		})
		if err == nil {
			err = socket.Close()
		}
		l.own.leave(dir)
		if err != nil && ctx.Err() == nil {
			l.post(adviceEvent{node: key.node, text: err.Error()})
		}
	})
	return nil
}

// notifiedEvent is what a generation has said of itself.
type notifiedEvent struct {
	key commandKey
	sdnotify.Message
}

// says is what a process has told of itself by notifications.
type says struct {
	doing  string // "stopping" or "reloading", until it says that it is ready again
	status string // the last STATUS=
}

// hear takes a message in. Who says at once that it reloads and that it is ready
// is ready.
func (s *says) hear(m sdnotify.Message) {
	switch {
	case m.Stopping:
		s.doing = "stopping"
	case m.Ready:
		s.doing = ""
	case m.Reloading:
		s.doing = "reloading"
	}
	if m.StatusSet {
		s.status = m.Status
	}
}

// String is for people; empty if there is nothing to tell.
func (s says) String() string {
	switch {
	case s.doing == "":
		return s.status
	case s.status == "":
		return "it says that it is " + s.doing
	}
	return "it says that it is " + s.doing + ": " + s.status
}
