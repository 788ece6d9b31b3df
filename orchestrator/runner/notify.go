package runner

import (
	"context"
	"path/filepath"
	"sync"

	"devloop/orchestrator/sdnotify"
)

// latch is something that happens once, such as that a process has said that it is ready.
type latch struct {
	once sync.Once
	done chan struct{}
}

func newLatch() *latch { return &latch{done: make(chan struct{})} }

// set may be called any number of times, by any goroutine.
func (s *latch) set() { s.once.Do(func() { close(s.done) }) }

// wait returns when it was set, or the context has ended.
func (s *latch) wait(ctx context.Context) error {
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// notifications are the notify socket of a generation; both are nil if it has none.
type notifications struct {
	open func() error // may have to wait for a disk
	end  context.CancelFunc
}

// useNotify gives a generation a socket on which it, and whatever it starts, can say that it is ready. It
// exists until the generation has ended: a server that says STOPPING=1 on its way out, as Puma and many with
// libsystemd do, would otherwise fail.
func (r *readiness) useNotify(e *environ) error {
	socket, err := sdnotify.New("")
	if err != nil {
		return err
	}
	e.set("NOTIFY_SOCKET", socket.Path())
	ctx, cancel := context.WithCancel(r.owner.ctx)
	r.notify = notifications{func() error { return r.receive(ctx, socket) }, cancel}
	return nil
}

// receive opens the socket, and hears what comes there until the context ends. It may have to wait for a disk.
func (r *readiness) receive(ctx context.Context, socket *sdnotify.Socket) error {
	dir := filepath.Dir(socket.Path())
	if err := socket.Open(r.owner.made); err != nil {
		r.owner.gone(dir)
		return err
	}
	r.owner.onDisk(func() {
		err := socket.Receive(ctx, func(m sdnotify.Message) {
			if m.Ready {
				r.saidReady.set()
			}
			if m.Ready || m.Reloading || m.Stopping || m.StatusSet {
				r.owner.post(func() { r.told.hear(m) })
			}
		})
		if err == nil {
			err = socket.Close()
		}
		r.owner.gone(dir)
		if err != nil && ctx.Err() == nil {
			r.owner.advise(r.node, err.Error(), "")
		}
	})
	return nil
}

// selfReport is what a process has said of itself by notifications.
type selfReport struct {
	doing  string // "stopping" or "reloading", until it reports: ready again
	status string // the last STATUS=
}

// hear takes a message. One that says both reloading and ready means ready.
func (s *selfReport) hear(m sdnotify.Message) {
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

// String is for people; empty if there is nothing to say.
func (s selfReport) String() string {
	switch {
	case s.doing == "":
		return s.status
	case s.status == "":
		return "it reports: " + s.doing
	}
	return "it reports: " + s.doing + ": " + s.status
}
