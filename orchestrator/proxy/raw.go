package proxy

import (
	"context"
	"errors"
	"net"
	"time"
)

// acceptRaw accepts whole connections until the listener is closed.
func (f *Front) acceptRaw() {
	pause := time.Duration(0)
	for {
		conn, err := f.opt.Room.accept(f.base, f.listener)
		if err == nil {
			pause = 0
			f.joined.Go(func() { f.forward(conn) })
			continue
		}
		if f.base.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		// Too many open files, or a client that went away: this passes.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-f.base.Done():
			timer.Stop()
		}
	}
}

// forward waits for a generation, and then connects the client to it.
func (f *Front) forward(client net.Conn) {
	defer client.Close()
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	f.conns[client] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.conns, client)
		f.mu.Unlock()
	}()

	ctx, stop := context.WithCancel(f.base)
	defer stop()
	f.opt.Room.whenAway(client, stop)
	ex := &exchange{patience: f.opt.MaxWait, idempotent: true}
	for pause := dialPauseMin; ; pause = min(2*pause, dialPauseMax) {
		try, changed, err := f.newAttempt(ctx, ex)
		if err != nil {
			return
		}
		server, err := try.gen.dial(ctx)
		if err == nil {
			try.begin(true)
			heard := func() { f.opt.Room.asks(client) }
			try.finish(join(bare(client), &server.drainable, f.opt.Room.copier(), heard))
			_ = server.Close() // both have ended
			return
		}
		try.finish(retried)
		f.pause(ctx, ex, changed, pause)
		if ex.patience <= 0 {
			f.timedOut()
			return
		}
	}
}
