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
	// poolIdle is how long a connection to a server may have been idle and yet
	// be used again. Servers close idle ones themselves (gunicorn after 2 s,
	// node and uvicorn after 5), and a POST that meets such a close is lost: so
	// this ends them first. A new one on the same machine costs 0.1 ms.
	poolIdle = time.Second
	// quiet is how long a connection of a dropped generation may give nothing
	// to read, or take nothing, before it ends.
	quiet = 100 * time.Millisecond
	// dropLimit ends what a dropped generation goes on writing.
	dropLimit = 3 * time.Second
	// dialLimit is the system's patience with a full queue, cut short: SYNs that
	// are dropped are sent again after 1, 3 and 7 s.
	dialLimit = 8 * time.Second
	// backend stands in requests for the address, which dial knows.
	backend = "backend"
)

// A generation is one life of the server: its address, its own pool of
// connections, so that none of them can outlive it, and what is in flight to
// it.
type generation struct {
	front *Front
	id    int
	addr  atomic.Pointer[string]
	ctx   context.Context // ends when it is dropped; dials end with it
	stop  context.CancelFunc
	h1    *http.Transport
	h2    *http.Transport

	// Guarded by front.mu.
	replaced bool // another one, or none, was made the current one before it was gone
	gone     bool
	killed   bool // it is gone because somebody has killed it
	attempts map[*attempt]struct{}
	drained  chan struct{} // closed when nothing finite is in flight; nil when nobody waits

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
			DisableCompression:    true, // what to accept is the client's to say
			MaxIdleConnsPerHost:   1 << 20,
			IdleConnTimeout:       poolIdle,
			ExpectContinueTimeout: time.Second,
		}
	}
	g.h1, g.h2 = transport(false), transport(true)
	return g
}

// transport is the one that speaks the client's protocol: who sends HTTP/2
// without asking knows the server.
func (g *generation) transport(protoMajor int) *http.Transport {
	if protoMajor == 2 {
		return g.h2
	}
	return g.h1
}

// retire closes the idle connections, and those in use once they are idle.
// Called with front.mu held, which is fine: closing never waits.
func (g *generation) retire() {
	// http.Transport closes connections that become idle later, too, as long
	// as it is not asked for another.
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

// settle wakes who drains, and forgets a generation of which nothing is left.
// Called with front.mu held, whenever an attempt has ended or become a stream.
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
		_ = conn.Close() // whoever uses it gets the error
	}
}

// A dialError tells that nothing was sent.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// dial connects to the generation, as long as it is not dropped.
func (g *generation) dial(ctx context.Context) (*backConn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()
	// Both ends are on this machine: none can vanish without the other's knowing.
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

// CloseWrite ends our half; upgraded connections use it.
func (c *backConn) CloseWrite() error { return closeWrite(c.Conn) }

// Close forgets the connection.
func (c *backConn) Close() error {
	c.gen.connMu.Lock()
	delete(c.gen.conns, c)
	c.gen.connMu.Unlock()
	return c.Conn.Close()
}
