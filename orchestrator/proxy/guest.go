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
	// guestBuffer is how much a waiting client may send before it is no longer
	// read from, in bytes; only who is read from is seen to have gone.
	guestBuffer = headLimit
	// pageLimit is how long a client may take to receive a page.
	pageLimit = 10 * time.Second
)

// A guest is one connection that a stand-in accepted.
type guest struct {
	standIn *StandIn
	conn    net.Conn
	wake    chan struct{} // closed by call
	buf     []byte        // what came, and was not answered with a page

	// Guarded by standIn.mu.
	called bool
	dial   func(context.Context) (net.Conn, error) // nil when called: go away
	ended  bool                                    // the client will send no more
}

// greet takes a connection in.
func (s *StandIn) greet(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // it came too late
		return
	}
	g := &guest{standIn: s, conn: conn, wake: make(chan struct{})}
	s.guests[g] = struct{}{}
	s.joined.Go(g.stay)
}

// call ends a guest's wait. It is called with standIn.mu held, and only the
// first call counts.
func (g *guest) call(dial func(context.Context) (net.Conn, error)) {
	if g.called {
		return
	}
	g.called, g.dial = true, dial
	close(g.wake)
	_ = g.conn.SetReadDeadline(time.Unix(1, 0)) // ends a read; fails when the guest is gone, which is as good
}

// stay attends to a guest until it is forwarded or gone.
func (g *guest) stay() {
	defer func() {
		_ = g.conn.Close() // what was to be said was said
		g.standIn.mu.Lock()
		defer g.standIn.mu.Unlock()
		delete(g.standIn.guests, g)
		g.standIn.makeRoom()
	}()
	if g.attend() {
		g.forward()
	}
}

// attend answers with pages, and reads without acting on it what is the
// server's, until the guest is called. forward is false when it is gone.
func (g *guest) attend() (forward bool) {
	chunk := make([]byte, 4<<10)
	verdict := more
	for {
		select {
		case <-g.wake:
			return true
		default:
		}
		if len(g.buf) >= guestBuffer {
			return g.await()
		}
		n, err := g.conn.Read(chunk)
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
		case err == nil:
		case errors.Is(err, io.EOF):
			if len(g.buf) == 0 || verdict == holdOurs {
				return false // nobody waits
			}
			g.standIn.mu.Lock()
			g.ended = true
			g.standIn.makeRoom()
			g.standIn.mu.Unlock()
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

// await waits to be called, without reading.
func (g *guest) await() bool {
	select {
	case <-g.wake:
		return true
	case <-g.standIn.base.Done():
		return false
	}
}

// page answers with a page, and tells whether the connection goes on.
func (g *guest) page(req *http.Request) bool {
	s := g.standIn
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

// forward joins the guest to a server.
func (g *guest) forward() {
	s := g.standIn
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

	to := &fading{Conn: server}
	if _, err := server.Write(g.buf); err != nil {
		to.fade() // what it said before it hung up is the client's
	}
	g.buf = nil
	from := bare(g.conn)
	if ended {
		from = silent{from}
	}
	join(from, to, s.opt.Room.copier())
}

// A silent connection has been read to its end.
type silent struct{ net.Conn }

func (silent) Read([]byte) (int, error) { return 0, io.EOF }

func (c silent) CloseWrite() error { return closeWrite(c.Conn) }

// connect dials until it succeeds, for MaxWait; nil when it does not.
func (g *guest) connect(dial func(context.Context) (net.Conn, error)) net.Conn {
	ctx, cancel := context.WithTimeout(g.standIn.base, max(g.standIn.opt.MaxWait, time.Second))
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
