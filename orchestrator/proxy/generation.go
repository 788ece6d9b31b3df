package proxy

import (
	"context"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// poolIdle is how long a connection to a server may have been idle and still be used again. Servers close
	// idle ones themselves (gunicorn after 2 s, node and uvicorn after 5), and a POST that meets such a close
	// is lost: so they are closed earlier here. A new one on the same machine costs 0.1 ms.
	poolIdle = time.Second
	// quiet is how long a connection of a dropped generation may be without reads or writes before it ends.
	quiet = 100 * time.Millisecond
	// dropLimit ends what a dropped generation goes on writing.
	dropLimit = 3 * time.Second
	// dialLimit cuts short the system's wait for a full queue: SYNs that are dropped are sent again after 1,
	// 3 and 7 s.
	dialLimit = 8 * time.Second
	// backend is the host in requests; dial knows the address.
	backend = "backend"
)

// A generation is one life of the server: its address, its own pool of connections, so that none of them
// outlives it, and what is in flight to it.
type generation struct {
	front *Front
	id    int
	addr  atomic.Pointer[string]
	ctx   context.Context // ends when it is dropped; dials end with it
	stop  context.CancelFunc
	h1    *http.Transport
	h2    *http.Transport

	// Guarded by front.mu.
	replaced bool // another one, or none, became current before it was gone
	gone     bool
	killed   bool // it was killed
	attempts map[*attempt]struct{}
	drained  chan struct{} // closed when nothing finite is in flight; nil when nothing waits for that

	connMu sync.Mutex // guards below; taken last
	ended  bool       // no connection is added any more
	conns  map[*backConn]struct{}
	limit  *time.Timer // of dropLimit
}

func newGeneration(f *Front, id int) *generation {
	g := &generation{front: f, id: id, attempts: map[*attempt]struct{}{}, conns: map[*backConn]struct{}{}}
	g.ctx, g.stop = context.WithCancel(f.base)
	transport := func(h2 bool) *http.Transport {
		var protocols http.Protocols
		protocols.SetHTTP1(!h2)
		protocols.SetUnencryptedHTTP2(h2)
		return &http.Transport{
			DialContext:           g.dialHTTP,
			Protocols:             &protocols,
			DisableCompression:    true, // the client decides what it accepts
			MaxIdleConnsPerHost:   1 << 20,
			IdleConnTimeout:       poolIdle,
			ExpectContinueTimeout: time.Second,
		}
	}
	g.h1, g.h2 = transport(false), transport(true)
	return g
}

// transport is the one for the client's protocol: a client that sends HTTP/2 without asking knows the server.
func (g *generation) transport(protoMajor int) *http.Transport {
	if protoMajor == 2 {
		return g.h2
	}
	return g.h1
}

// retire closes the idle connections, and those in use once they are idle. Called with front.mu held; closing
// never waits.
func (g *generation) retire() {
	// http.Transport also closes connections that become idle later, as long as it is not asked for another.
	g.h1.CloseIdleConnections()
	g.h2.CloseIdleConnections()
}

// count is called with front.mu held.
func (g *generation) count() (finite, streams int) {
	for try := range g.attempts {
		if try.stream {
			streams++
		} else {
			finite++
		}
	}
	return finite, streams
}

// settle wakes a Drain, and forgets a generation of which nothing is left. Called with front.mu held,
// whenever an attempt has ended or become a stream.
func (g *generation) settle() {
	if g.drained != nil {
		if finite, _ := g.count(); finite == 0 {
			close(g.drained)
			g.drained = nil
		}
	}
	if g.gone && len(g.attempts) == 0 && g.front.gens[g.id] == g {
		delete(g.front.gens, g.id)
	}
}

// drop is called with front.mu held.
func (g *generation) drop() {
	g.stop()
	g.retire()
	g.connMu.Lock()
	g.ended = true
	for conn := range g.conns {
		conn.drain()
	}
	if len(g.conns) > 0 {
		g.limit = time.AfterFunc(dropLimit, g.close)
	}
	g.connMu.Unlock()
	g.settle()
}

// close ends all connections now.
func (g *generation) close() {
	g.stop()
	g.retire()
	g.connMu.Lock()
	g.ended = true
	if g.limit != nil {
		g.limit.Stop()
	}
	conns := slices.Collect(maps.Keys(g.conns))
	g.connMu.Unlock()
	for _, conn := range conns {
		_ = conn.Close() // its user gets the error
	}
}

// A dialError means that nothing was sent.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// dial connects to the generation, unless it is dropped.
func (g *generation) dial(ctx context.Context) (*backConn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()
	// Both ends are on this machine, so none can vanish unnoticed.
	d := net.Dialer{Timeout: dialLimit, KeepAlive: -1}
	addr := *g.addr.Load()
	network := "tcp"
	if filepath.IsAbs(addr) {
		network = "unix"
	}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, dialError{err}
	}
	conn := &backConn{drainable: drainable{Conn: raw}, gen: g}
	g.connMu.Lock()
	defer g.connMu.Unlock()
	if g.ended {
		_ = raw.Close() // nothing was sent
		return nil, dialError{net.ErrClosed}
	}
	g.conns[conn] = struct{}{}
	return conn, nil
}

func (g *generation) dialHTTP(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := g.dial(ctx)
	if err != nil {
		return nil, err // not a nil *backConn
	}
	return conn, nil
}

// A backConn is a connection to a generation.
type backConn struct {
	drainable
	gen     *generation
	written atomic.Int64 // bytes; not counted on raw connections
}

func (c *backConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (c *backConn) Read(p []byte) (int, error) {
	if c.draining.Load() {
		c.rearm()
	}
	return c.Conn.Read(p)
}

// CloseWrite closes the writing side; upgraded connections use it.
func (c *backConn) CloseWrite() error { return closeWrite(c.Conn) }

// Close also forgets the connection.
func (c *backConn) Close() error {
	c.gen.connMu.Lock()
	delete(c.gen.conns, c)
	c.gen.connMu.Unlock()
	return c.Conn.Close()
}
