package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHTTPStatus(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		if status/100 == 3 {
			w.Header().Set("Location", "http://does-not-exist.invalid/")
		}
		w.WriteHeader(status)
	}))
	defer srv.Close()
	for status, ready := range map[int]bool{200: true, 204: true, 301: true, 302: true, 304: true, 399: true, 400: false, 404: false, 500: false, 503: false} {
		err := HTTP(t.Context(), fmt.Sprintf("%s/%d", srv.URL, status))
		if (err == nil) != ready {
			t.Errorf("%d: got %v, want ready %v", status, err, ready)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: the error does not say so: %v", status, err)
		}
	}
}

// TestHTTPConnections: each try has a connection of its own.
func TestHTTPConnections(t *testing.T) {
	opened := make(chan struct{}, 10)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.Close {
			t.Error("the request asks to keep the connection")
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened <- struct{}{}
		}
	}
	srv.Start()
	for range 3 {
		if err := HTTP(t.Context(), srv.URL); err != nil {
			t.Fatal(err)
		}
	}
	srv.Close()
	if len(opened) != 3 {
		t.Errorf("3 tries opened %d connections", len(opened))
	}
}

// TestHTTPNoProxy: no request can show it, since Go never asks a proxy for the
// addresses that a test can listen on.
func TestHTTPNoProxy(t *testing.T) {
	if newTransport().Proxy != nil {
		t.Error("it asks the environment for a proxy")
	}
}

func TestHTTPSelfMadeCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	if err := HTTP(t.Context(), srv.URL); err != nil {
		t.Errorf("got %v, want the certificate not to matter", err)
	}
}

// TestHTTPEndlessBody: what counts is the status; a stream (server-sent
// events, a large page) is not read to its end.
func TestHTTPEndlessBody(t *testing.T) {
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	if err := HTTP(t.Context(), srv.URL); err != nil {
		t.Error(err)
	}
	<-gone
	srv.Close()
}

// TestHTTPWaitsInQueue: a listening socket without a server is no error; the
// request waits until one accepts.
func TestHTTPWaitsInQueue(t *testing.T) {
	l := listen(t)
	answer := make(chan error, 1)
	go func() { answer <- HTTP(t.Context(), "http://"+l.Addr().String()) }()
	conn, err := l.Accept() // the request is there before any server
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answer:
		t.Fatalf("it ended with %v, and nobody had answered", err)
	default:
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go srv.Serve(&oneConn{l, conn})
	if err := <-answer; err != nil {
		t.Error(err)
	}
	srv.Close()
}

// oneConn is a listener whose first connection was accepted before.
type oneConn struct {
	net.Listener
	first net.Conn
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.first; c != nil {
		l.first = nil
		return c, nil
	}
	return l.Listener.Accept()
}

func TestHTTPBoundByContext(t *testing.T) {
	l := listen(t)
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- HTTP(ctx, "http://"+l.Addr().String()) }()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestHTTPErrors(t *testing.T) {
	garbage := listen(t)
	defer garbage.Close()
	go func() {
		conn, err := garbage.Accept()
		if err == nil {
			conn.Read(make([]byte, 1<<10)) // else closing resets the connection
			io.WriteString(conn, "SSH-2.0-x\r\n")
			conn.Close()
		}
	}()
	for url, want := range map[string]string{
		"http://" + refused(t):              "refused",
		"http://" + garbage.Addr().String(): "malformed",
		"ftp://127.0.0.1/":                  "unsupported protocol",
		"127.0.0.1:3000":                    "first path segment",
		"http://127.0.0.1:1/\x00":           "invalid control character",
	} {
		err := HTTP(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "ask ") {
			t.Errorf("%q: got %v, want an error with %q", url, err, want)
		}
		if err != nil && strings.Count(err.Error(), "127.0.0.1:3000") > 1 {
			t.Errorf("the error names the URL twice: %v", err)
		}
	}
}

func TestTCP(t *testing.T) {
	l := listen(t)
	if err := TCP(t.Context(), l.Addr().String()); err != nil {
		t.Errorf("got %v, want the listening port to be ready", err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the server read %d bytes and %v, want an end of file", n, err)
	}
	conn.Close()
	l.Close()
	if err := TCP(t.Context(), l.Addr().String()); err == nil {
		t.Error("a closed port is ready")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := TCP(ctx, "192.0.2.1:80"); err == nil {
		t.Error("a cancelled try passed")
	}
	if err := TCP(t.Context(), "no port"); err == nil {
		t.Error("an address that is none is ready")
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// refused is an address that nobody listens on: bound, so that nobody else
// gets it, by a connection of which it is the client's end.
func refused(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

func init() { log.SetOutput(io.Discard) } // net/http's complaints about the above
