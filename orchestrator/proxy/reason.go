package proxy

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// net/http writes the status line of an answer itself, with its own reason phrase. The server's phrase (RFC
// 9112, section 4) replaces it on the way to the client.

// clients accepts the connections of a front that speaks HTTP: as many as there is room for, which write the
// reason phrases that setReason sets.
type clients struct {
	net.Listener
	front *Front
}

func (l clients) Accept() (net.Conn, error) {
	conn, err := l.front.opt.Room.accept(l.front.base, l.Listener)
	if err != nil {
		return nil, err
	}
	if l.front.base.Err() != nil {
		_ = conn.Close() // it came too late
		return nil, net.ErrClosed
	}
	return &reasonConn{Conn: conn}, nil
}

// A reasonConn is a client's connection.
type reasonConn struct {
	net.Conn
	next atomic.Pointer[statusLine] // of the answer that begins with the next write; nil: as it is
}

type statusLine struct{ begins, reason string }

// reasonKey is the context's key for the reasonConn of a request.
type reasonKey struct{}

// withConn is an http.Server's ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, reasonKey{}, conn)
}

// setReason makes the reason phrase of an answer the server's own. Its handler calls it before the answer's
// head is written. HTTP/2 has none.
func setReason(res *http.Response) {
	ctx := res.Request.Context()
	conn, ok := ctx.Value(reasonKey{}).(*reasonConn)
	code, reason, _ := strings.Cut(res.Status, " ")
	if !ok || reason == http.StatusText(res.StatusCode) || res.ProtoMajor != 1 || code != fmt.Sprint(res.StatusCode) {
		return
	}
	conn.next.Store(&statusLine{begins: " " + code + " ", reason: reason})
}

// Write writes p, with the reason phrase that was set if an answer begins here.
func (c *reasonConn) Write(p []byte) (int, error) {
	line := c.next.Load()
	if line == nil {
		return c.Conn.Write(p)
	}
	c.next.Store(nil)
	const version = len("HTTP/1.1")
	end := bytes.IndexByte(p, '\r')
	if end < 0 || !bytes.HasPrefix(p, []byte("HTTP/1.")) || !bytes.HasPrefix(p[version:], []byte(line.begins)) {
		return c.Conn.Write(p)
	}
	head := version + len(line.begins)
	own := make([]byte, 0, len(p)+len(line.reason))
	own = append(append(append(own, p[:head]...), line.reason...), p[end:]...)
	n, err := c.Conn.Write(own)
	if err == nil {
		return len(p), nil
	}
	return max(0, min(n-len(own)+len(p), len(p))), err
}

// CloseWrite closes the writing side.
func (c *reasonConn) CloseWrite() error { return closeWrite(c.Conn) }
