package proxy

import (
	"container/list"
	"context"
	"net"
	"sync"
	"time"
)

// A Room is how many connections of clients there may be at a time, over all the
// fronts and stand-ins that share it, so that clients never take the descriptors
// that the rest of the program needs. When it is full, the client that has been idle
// for longest is sent away, and others wait in the system's queue. Its methods may be called from any goroutine; a nil Room has room for
// everybody.
type Room struct {
	most int
	full func() (told bool) // may be nil

	mu   sync.Mutex // guards below
	used int
	told bool
	idle *list.List    // of *roomConn, the one that has been idle for longest first
	free chan struct{} // closed, and another put in its place, when a place becomes free
}

// NewRoom makes a Room for most connections. full, unless it is nil, is called from
// goroutines of fronts and stand-ins when all places are taken, until it says that
// people have been told; it must not block.
func NewRoom(most int, full func() (told bool)) *Room {
	return &Room{most: most, full: full, idle: list.New(), free: make(chan struct{})}
}

// ShareOf is how many connections of clients fit into a limit of open files (0: there
// is none): each takes a second descriptor while it is forwarded, and half of all
// are for others.
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

// take waits for a place, until ctx ends.
func (r *Room) take(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.used >= r.most {
		if !r.told && r.full != nil {
			r.told = r.full()
		}
		free := r.free
		goes, in := r.leaves()
		r.mu.Unlock()
		if goes != nil {
			_ = goes.Close() // its client asks for nothing, and connects again when it does
		}
		timer := time.NewTimer(in)
		select {
		case <-free:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		r.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	r.used++
	return nil
}

// leaves is the connection that has been idle for longest, or nil and after what
// time to look again. It is called with r.mu held.
func (r *Room) leaves() (goes *roomConn, in time.Duration) {
	in = time.Hour
	for e := r.idle.Front(); e != nil; e = e.Next() {
		c := e.Value.(*roomConn)
		left := time.Until(c.until)
		if left <= 0 {
			return c, in
		}
		in = min(in, left)
	}
	return nil, in
}

// give gives a place back. It is called with r.mu held.
func (r *Room) give() {
	r.used--
	close(r.free)
	r.free = make(chan struct{})
}

// accept accepts a connection, once there is a place for it; the connection's
// Close gives that back. Until then clients stay in the listener's queue. The error
// is the listener's, or net.ErrClosed if ctx has ended.
func (r *Room) accept(ctx context.Context, l net.Listener) (net.Conn, error) {
	if r == nil {
		return l.Accept()
	}
	if r.take(ctx) != nil {
		return nil, net.ErrClosed
	}
	conn, err := l.Accept()
	if err != nil {
		r.mu.Lock()
		r.give()
		r.mu.Unlock()
		return nil, err
	}
	return &roomConn{Conn: conn, room: r}, nil
}

// How long a client that asks for nothing yet is let stay at the least: its request
// may be on the way, or come in pieces.
const (
	graceOfNew  = 250 * time.Millisecond
	graceOfHead = time.Second
)

// idles notes that a connection that accept has returned asks for nothing, and for
// how long it is let stay at the least.
func (r *Room) idles(conn net.Conn, grace time.Duration) {
	c, ok := conn.(*roomConn)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.closed {
		return
	}
	c.leaveIdle()
	c.until = time.Now().Add(grace)
	c.idle = r.idle.PushBack(c)
}

// asks notes that a connection has asked for something.
func (r *Room) asks(conn net.Conn) {
	if c, ok := conn.(*roomConn); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		c.leaveIdle()
	}
}

// A roomConn is a connection that has a place.
type roomConn struct {
	net.Conn
	room *Room

	// Guarded by room.mu.
	closed bool
	idle   *list.Element // nil: it is not
	until  time.Time     // it may be idle, at the least
}

// leaveIdle takes a connection from those that are idle. It is called with room.mu held.
func (c *roomConn) leaveIdle() {
	if c.idle != nil {
		c.room.idle.Remove(c.idle)
		c.idle = nil
	}
}

func (c *roomConn) Close() error {
	r := c.room
	r.mu.Lock()
	if !c.closed {
		c.closed = true
		c.leaveIdle()
		r.give()
	}
	r.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends our half, as the connections that it stands for can.
func (c *roomConn) CloseWrite() error { return closeWrite(c.Conn) }

// bare is the system's own connection, which can splice and be reset. Whoever
// takes it closes conn as well.
func bare(conn net.Conn) net.Conn {
	if c, ok := conn.(*roomConn); ok {
		return c.Conn
	}
	return conn
}
