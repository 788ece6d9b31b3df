package main

// The drain is go-http's: see there why it is not server.Shutdown.

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// spareGrace is how long a drain waits for a connection that has not asked for anything: browsers open some ahead
	// of need, and may never use them.
	spareGrace = 100 * time.Millisecond
	// freshGrace is how long after it was accepted a connection counts as one that is about to ask, however slow its
	// client: a drain waits that long for it.
	freshGrace = time.Second
	// drainTimeout is when a drain hangs up on the rest, such as streams. It is less than the 5s after which devloop
	// kills.
	drainTimeout = 4 * time.Second
)

// serve answers on l until ctx ends. Then it drains: it accepts no more, finishes the requests under way and returns nil.
// Connections that nobody has accepted stay in the socket's queue, for the next version of this server.
//
// The drain is not server.Shutdown, which hangs up on a connection whose request it has not read yet: one lost page at
// almost every restart under load.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	var open sync.WaitGroup // the connections that were accepted and have not ended
	var spare sync.Map      // those of them on which nothing has been asked yet, and when they were accepted
	server := &http.Server{Handler: h}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
			spare.Store(c, time.Now())
		case http.StateActive:
			spare.Delete(c)
		case http.StateClosed, http.StateHijacked:
			spare.Delete(c)
			open.Done()
		}
	}

	context.AfterFunc(ctx, func() { l.Close() })
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}

	server.SetKeepAlivesEnabled(false) // idle connections end now, the others after their answer
	spare.Range(func(c, accepted any) bool {
		fresh := time.Until(accepted.(time.Time).Add(freshGrace))
		time.AfterFunc(max(spareGrace, fresh), func() {
			if _, silent := spare.Load(c); silent {
				c.(net.Conn).Close()
			}
		})
		return true
	})
	time.AfterFunc(drainTimeout, func() { server.Close() })
	open.Wait()
	return nil
}
