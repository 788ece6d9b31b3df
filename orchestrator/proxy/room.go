package proxy

import (
	"container/list"
	"context"
	"net"
	"sync"
	"time"
)

// A Room limits how many connections of clients there may be at a time, over all the fronts and placeholders
// that share it, so that clients never take the descriptors that the rest of the program needs. When it is
// full and another one comes, the connection that has been idle for longest is closed; the others wait in the
// system's queue. Its methods may be called from any goroutine; a nil Room has no limit.
type Room struct {
	most int
	full func() (told bool) // may be nil

	mu      sync.Mutex // guards below
	used    int
	away    int // how many of them are being closed
	told    bool
	idle    *list.List // of *roomConn, the one that has been idle for longest first
	rush    int        // how often the grace of idle clients is halved
	waiting int
	look    chan struct{} // closed and replaced when waiting goroutines should look again
}

// NewRoom makes a Room for most connections. full, unless it is nil, is called from goroutines of fronts and
// placeholders when all places are taken, until it returns true; it must not block.
func NewRoom(most int, full func() (told bool)) *Room {
	return &Room{most: most, full: full, idle: list.New(), look: make(chan struct{})}
}

// ShareOf is how many connections of clients fit into a limit of open files (0: there is none): each takes a
// second descriptor while it is forwarded, and half of all files are for other uses.
func ShareOf(openFiles int) int {
	const most = 1 << 16
	if openFiles == 0 {
		return most
	}
	return max(8, min(openFiles/4, most))
}

// plenty is a Room in which a connection may take more than two descriptors.
const plenty = 4 << 10

// copier is how whole connections are passed on.
func (r *Room) copier() copier {
	if r != nil && r.most < plenty {
		return plainCopy
	}
	return splice
}

// take waits for a place, or until ctx ends, and takes one in either case.
func (r *Room) take(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used < r.most {
		r.rush = 0
	}
	r.waiting++
	for r.used >= r.most && ctx.Err() == nil {
		if !r.told && r.full != nil {
			r.told = r.full()
		}
		look, in := r.look, time.Hour
		var goes *roomConn
		if r.used-r.away >= r.most {
			if goes, in = r.leaves(); goes != nil {
				goes.leaveIdle()
				goes.away = true
				r.away++
			}
		}
		r.mu.Unlock()
		if goes != nil {
			goes.sendAway()
		} else {
			timer := time.NewTimer(in)
			select {
			case <-look:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
		}
		r.mu.Lock()
	}
	r.waiting--
	r.used++
}

// leaves is the connection that has been idle for longest, or nil and when to look again. One with unread
// data stays. It is called with r.mu held.
func (r *Room) leaves() (goes *roomConn, in time.Duration) {
	in = time.Hour
	for e := r.idle.Front(); e != nil; e = e.Next() {
		c := e.Value.(*roomConn)
		left := time.Until(c.since.Add(max(c.grace>>r.rush, min(c.grace, c.least))))
		switch {
		case left > 0:
			in = min(in, left)
		case unread(c.Conn):
			in = min(in, leastOfNew)
		default:
			if c.grace > 0 {
				r.rush = min(r.rush+1, mostRush)
			}
			return c, in
		}
	}
	return nil, in
}

// give gives a place back. It is called with r.mu held.
func (r *Room) give() {
	r.used--
	r.changed()
}

// changed makes waiting goroutines look again. It is called with r.mu held.
func (r *Room) changed() {
	if r.waiting == 0 {
		return
	}
	close(r.look)
	r.look = make(chan struct{})
}

// accept accepts a connection, which is idle until it sends a request, and waits for a place for it; the
// connection's Close gives that back. Meanwhile other clients stay in the listener's queue. If ctx has ended,
// it returns what it has accepted. The error is the listener's.
func (r *Room) accept(ctx context.Context, l net.Listener) (net.Conn, error) {
	conn, err := l.Accept()
	if err != nil || r == nil {
		return conn, err
	}
	r.take(ctx)
	c := &roomConn{Conn: conn, room: r}
	r.idles(c, graceOfNew, leastOfNew)
	return c, nil
}

// How long a client without a request may stay while others wait for a place: its request may be on the way,
// or come in pieces. Each one that is closed halves that for the next, and each request doubles it: in a
// crowd of silent clients they are closed at once, and clients that wait behind them are served.
const (
	graceOfNew  = 250 * time.Millisecond
	graceOfHead = time.Second
	leastOfHead = 50 * time.Millisecond
	mostRush    = 10
)

// idles records that a connection from accept has no request, and how long it may stay: grace, or as little
// as least.
func (r *Room) idles(conn net.Conn, grace, least time.Duration) {
	c, ok := conn.(*roomConn)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.closed {
		return
	}
	if c.away {
		return
	}
	c.leaveIdle()
	c.since, c.grace, c.least = time.Now(), grace, least
	c.idle = r.idle.PushBack(c)
	r.changed()
}

// asks records that a connection has sent a request.
func (r *Room) asks(conn net.Conn) {
	if c, ok := conn.(*roomConn); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !c.closed && !c.away {
			c.leaveIdle()
			r.rush = max(r.rush-1, 0)
		}
	}
}

// A roomConn is a connection that has a place.
type roomConn struct {
	net.Conn
	room *Room

	// Guarded by room.mu.
	closed       bool
	away         bool          // it is being closed
	gone         func()        // called then; may be nil
	idle         *list.Element // nil: it is not
	since        time.Time     // it has been idle
	grace, least time.Duration // how long it may be
}

// leaveIdle removes a connection from the idle ones. It is called with room.mu held.
func (c *roomConn) leaveIdle() {
	if c.idle != nil {
		c.room.idle.Remove(c.idle)
		c.idle = nil
	}
}

// sendAway ends a connection; its place is free when its owner has closed it. Its client has no request, and
// connects again when it has.
func (c *roomConn) sendAway() {
	_ = c.Conn.Close()
	c.room.mu.Lock()
	gone := c.gone
	c.room.mu.Unlock()
	if gone != nil {
		gone()
	}
}

// whenAway sets what to call when a connection is sent away.
func (r *Room) whenAway(conn net.Conn, gone func()) {
	c, ok := conn.(*roomConn)
	if !ok {
		return
	}
	r.mu.Lock()
	c.gone = gone
	away := c.away
	r.mu.Unlock()
	if away {
		gone()
	}
}

func (c *roomConn) Close() error {
	r := c.room
	r.mu.Lock()
	if !c.closed {
		c.closed = true
		c.leaveIdle()
		if c.away {
			r.away--
		}
		r.give()
	}
	r.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite closes the writing side.
func (c *roomConn) CloseWrite() error { return closeWrite(c.Conn) }

// bare is the system's own connection, which can splice and be reset. The caller closes conn as well.
func bare(conn net.Conn) net.Conn {
	if c, ok := conn.(*roomConn); ok {
		return c.Conn
	}
	return conn
}
