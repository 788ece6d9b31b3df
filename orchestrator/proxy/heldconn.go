package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// heldBuffer is how much of a waiting client's data is read, in bytes. A disconnect is only seen while
	// reading.
	heldBuffer = headLimit
	// pageLimit is how long a client may take to receive a page.
	pageLimit = 10 * time.Second
)

// A heldConn is one connection that a placeholder accepted.
type heldConn struct {
	placeholder *Placeholder
	conn        net.Conn
	wake        chan struct{} // closed by call
	buf         []byte        // what came, and was not answered with a page

	// Guarded by placeholder.mu.
	called bool
	dial   func(context.Context) (net.Conn, error) // nil when called: go away
	ended  bool                                    // the client will send no more
}

// hold takes over a connection.
func (s *Placeholder) hold(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // it came too late
		return
	}
	g := &heldConn{placeholder: s, conn: conn, wake: make(chan struct{})}
	s.held[g] = struct{}{}
	s.joined.Go(g.serve)
}

// call ends the wait of a held connection. It is called with placeholder.mu held, and only the
// first call counts.
func (g *heldConn) call(dial func(context.Context) (net.Conn, error)) {
	if g.called {
		return
	}
	g.called, g.dial = true, dial
	close(g.wake)
	_ = g.conn.SetReadDeadline(time.Unix(1, 0)) // ends a read; fails if the client is gone, which is as good
}

// serve handles a held connection until it is forwarded or gone.
func (g *heldConn) serve() {
	defer func() {
		_ = g.conn.Close() // everything was said
		g.placeholder.mu.Lock()
		defer g.placeholder.mu.Unlock()
		delete(g.placeholder.held, g)
		g.placeholder.makeRoom()
	}()
	if g.attend() {
		g.forward()
	}
}

// attend answers with pages, and keeps what is for the server, until it is called. forward is false if the
// client is gone.
func (g *heldConn) attend() (forward bool) {
	chunk := make([]byte, 4<<10)
	verdict := more
	for {
		select {
		case <-g.wake:
			return true
		default:
		}
		if len(g.buf) >= heldBuffer {
			return g.await()
		}
		n, err := g.conn.Read(chunk)
		if n > 0 {
			g.placeholder.opt.Room.asks(g.conn)
		}
		g.buf = append(g.buf, chunk[:n]...)
		var req *http.Request
		if verdict == more && n > 0 {
			verdict, req = sniff(g.buf)
		}
		switch {
		case verdict == showPage:
			if !g.page(req) {
				return false
			}
			g.buf, verdict = g.buf[:0], more
			g.placeholder.opt.Room.idles(g.conn, 0, 0)
		case err == nil:
		case errors.Is(err, io.EOF):
			if len(g.buf) == 0 || verdict == holdOurs {
				return false // the client is gone
			}
			g.placeholder.mu.Lock()
			g.ended = true
			g.placeholder.makeRoom()
			g.placeholder.mu.Unlock()
			return g.await()
		default:
			select {
			case <-g.wake:
				return true // it was the deadline
			default:
				return false
			}
		}
	}
}

// await waits for the call, without reading.
func (g *heldConn) await() bool {
	select {
	case <-g.wake:
		return true
	case <-g.placeholder.base.Done():
		return false
	}
}

// page answers with a page, and tells whether the connection goes on.
func (g *heldConn) page(req *http.Request) bool {
	s := g.placeholder
	p := page{Name: s.opt.Name, Status: http.StatusServiceUnavailable, Kind: "held"}
	if s.opt.News != nil {
		p.News = s.opt.News()
	}
	header, content := p.render(true)
	last := req.Close || !req.ProtoAtLeast(1, 1)
	if last {
		header.Set("Connection", "close")
	}
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", p.Status, http.StatusText(p.Status))
	_ = header.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(content)
	_ = g.conn.SetWriteDeadline(time.Now().Add(pageLimit))
	_, err := g.conn.Write(b.Bytes())
	_ = g.conn.SetWriteDeadline(time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Pages++
	return err == nil && !last
}

// forward joins the client to a server.
func (g *heldConn) forward() {
	s := g.placeholder
	s.mu.Lock()
	dial, ended := g.dial, g.ended
	s.mu.Unlock()
	if dial == nil {
		return
	}
	server := g.connect(dial)
	s.mu.Lock()
	if server == nil {
		s.stats.Lost++
	} else {
		s.stats.Forwarded++
	}
	s.mu.Unlock()
	if server == nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(s.base, func() { _ = server.Close() })() // Close closes the client's side itself
	_ = g.conn.SetReadDeadline(time.Time{})

	to := &drainable{Conn: server}
	if _, err := server.Write(g.buf); err != nil {
		to.drain() // what it wrote before it hung up is the client's
	}
	g.buf = nil
	from := bare(g.conn)
	if ended {
		from = silent{from}
	}
	join(from, to, s.opt.Room.copier(), func() { s.opt.Room.asks(g.conn) })
}

// A silent connection has been read to its end.
type silent struct{ net.Conn }

func (silent) Read([]byte) (int, error) { return 0, io.EOF }

func (c silent) CloseWrite() error { return closeWrite(c.Conn) }

// connect dials until it succeeds, for MaxWait; nil if it does not.
func (g *heldConn) connect(dial func(context.Context) (net.Conn, error)) net.Conn {
	ctx, cancel := context.WithTimeout(g.placeholder.base, max(g.placeholder.opt.MaxWait, time.Second))
	defer cancel()
	for pause := dialPauseMin; ; pause = min(2*pause, dialPauseMax) {
		server, err := dial(ctx)
		if err == nil {
			return server
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}
