//go:build linux || darwin || freebsd

package control

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A crowd keeps connections on which nobody asks anything, such as those that a client forgets to close, from
// taking the descriptors that the loop needs: when there are many, the one that has been silent for longest
// is closed before another one is let in.
type crowd struct {
	mu     sync.Mutex // guards silent
	silent []silent   // the oldest first
	fewer  chan struct{}
}

type silent struct {
	net.Conn
	since time.Time
}

const (
	mostSilent  = 16
	leastSilent = 100 * time.Millisecond // the question may be on its way
)

func newCrowd() *crowd { return &crowd{fewer: make(chan struct{}, 1)} }

// changes takes in the state of a connection.
func (c *crowd) changes(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = slices.DeleteFunc(c.silent, func(s silent) bool { return s.Conn == conn })
	if state == http.StateNew || state == http.StateIdle {
		c.silent = append(c.silent, silent{conn, time.Now()})
		return
	}
	select {
	case c.fewer <- struct{}{}:
	default:
	}
}

// room waits until another connection may be let in.
func (c *crowd) room() {
	for {
		goes, in := c.leaves()
		if goes != nil {
			_ = goes.Close() // its client notices
		}
		if in <= 0 {
			return
		}
		timer := time.NewTimer(in)
		select {
		case <-c.fewer:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// leaves is the connection to close, if one is, and for how long to wait if there is no room yet.
func (c *crowd) leaves() (goes net.Conn, in time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.silent) < mostSilent {
		return nil, 0
	}
	oldest := c.silent[0]
	if in = time.Until(oldest.since.Add(leastSilent)); in > 0 {
		return nil, in
	}
	c.silent = c.silent[1:]
	return oldest.Conn, 0
}
