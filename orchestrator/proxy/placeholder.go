package proxy

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// placeholderLimit is how many connections a placeholder takes from a queue; the rest waits in it.
const placeholderLimit = 1024

// PlaceholderStats are counts, some of now and some since NewPlaceholder.
type PlaceholderStats struct {
	Waiting    int   // connections that wait for the server
	Forwarding int   // connections that are joined to it
	Pages      int64 // requests answered with a page
	Forwarded  int64 // connections that were joined to a server
	Lost       int64 // connections that waited, and to which no server could be dialled
}

// A Placeholder answers browsers on an inherited socket while no server does, and keeps everything else
// unchanged for the next server. Its methods may be called from any goroutine, and only Close waits for a
// peer.
type Placeholder struct {
	opt    Options
	base   context.Context
	cancel context.CancelFunc
	joined sync.WaitGroup

	accepting sync.Mutex // held by Accept, Leave and Close; guards listener and acceptor
	listener  net.Listener
	leaving   context.CancelFunc
	acceptor  sync.WaitGroup

	mu     sync.Mutex // guards below
	closed bool
	held   map[*heldConn]struct{}
	room   chan struct{} // closed when a held connection ends; nil when nothing waits for that
	stats  PlaceholderStats
}

// NewPlaceholder makes a placeholder that accepts on nothing yet. It uses Name, News, Room and MaxWait of
// opt; MaxWait is how long Forward tries to dial. The caller ends it with Close.
func NewPlaceholder(opt Options) *Placeholder {
	if opt.MaxWait == 0 {
		opt.MaxWait = DefaultMaxWait
	}
	s := &Placeholder{opt: opt, held: map[*heldConn]struct{}{}}
	s.base, s.cancel = context.WithCancel(context.Background())
	return s
}

// Accept begins to accept on l, which the placeholder closes at Leave or Close: a listener with its own
// descriptor, so that closing it leaves the socket and its queue to others. No other process should be
// accepting. An earlier listener is left.
func (s *Placeholder) Accept(l net.Listener) {
	s.accepting.Lock()
	defer s.accepting.Unlock()
	s.leave()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		_ = l.Close() // nothing was accepted
		return
	}
	ctx, cancel := context.WithCancel(s.base)
	s.listener, s.leaving = l, cancel
	s.acceptor.Go(func() { s.accept(ctx, l) })
}

// Leave stops accepting at once, and closes the listener that Accept was given. Connections in its queue stay
// there. Those already accepted are kept for Forward, and pages that are already open are kept up to date
// until then.
func (s *Placeholder) Leave() {
	s.accepting.Lock()
	defer s.accepting.Unlock()
	s.leave()
}

func (s *Placeholder) leave() {
	if s.listener == nil {
		return
	}
	s.leaving()
	_ = s.listener.Close() // a descriptor of our own
	s.acceptor.Wait()
	s.listener = nil
}

// Forward joins every accepted connection to the server: what it has sent so far goes first, then both ways,
// byte for byte. dial is called once for each connection, from goroutines of the placeholder, and again after
// a pause when it fails, up to MaxWait; it should end with its context. Connections that are accepted later
// wait for the next Forward.
func (s *Placeholder) Forward(dial func(context.Context) (net.Conn, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range s.held {
		g.call(dial)
	}
}

// Stats tells what is and what was.
func (s *Placeholder) Stats() PlaceholderStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	for g := range s.held {
		if g.called {
			stats.Forwarding++
		} else {
			stats.Waiting++
		}
	}
	return stats
}

// Close leaves, ends every connection, and returns when all goroutines have
// ended. A second Close does nothing.
func (s *Placeholder) Close() error {
	s.accepting.Lock()
	defer s.accepting.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.leave()
	s.mu.Lock()
	for g := range s.held {
		_ = g.conn.Close() // its goroutine then fails
	}
	s.mu.Unlock()
	s.joined.Wait()
	return nil
}

// Finish leaves, waits until every accepted connection has ended, or ctx ends, and closes the placeholder.
// Forward should have been called.
func (s *Placeholder) Finish(ctx context.Context) {
	s.Leave()
	ended := make(chan struct{})
	go func() {
		s.joined.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	_ = s.Close() // it has no errors
	<-ended
}

// accept takes connections until ctx ends and l is closed.
func (s *Placeholder) accept(ctx context.Context, l net.Listener) {
	pause := time.Duration(0)
	for s.waitForRoom(ctx) {
		conn, err := s.opt.Room.accept(ctx, l)
		if err == nil {
			pause = 0
			s.hold(conn)
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		// Too many open files, or a client that went away: this passes.
		pause = min(max(2*pause, 5*time.Millisecond), 100*time.Millisecond)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// waitForRoom waits until another connection may be taken, and makes room itself if a waiting client has
// already hung up. ok is false when ctx ends.
func (s *Placeholder) waitForRoom(ctx context.Context) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ctx.Err() == nil && len(s.held) >= placeholderLimit {
		for g := range s.held {
			if g.ended && !g.called {
				g.call(nil)
				break
			}
		}
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	return ctx.Err() == nil
}

// makeRoom is called with s.mu held.
func (s *Placeholder) makeRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}
