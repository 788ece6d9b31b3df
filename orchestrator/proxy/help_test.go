package proxy

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"
)

// listen binds a free port of 127.0.0.1.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// front starts a front, which ends with the test, and tells its URL.
func front(t testing.TB, opt Options) (*Front, string) {
	t.Helper()
	l := listen(t)
	if opt.Name == "" {
		opt.Name = "web"
	}
	f := New(l, opt)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return f, "http://" + l.Addr().String()
}

// A backend is one generation of a server, in this process: what dies here is
// its sockets, which is all that others see of a kill.
type server struct {
	*http.Server
	addr string
	done chan struct{}
}

func serve(t testing.TB, handler http.Handler) *server {
	t.Helper()
	return serveOn(t, listen(t), handler)
}

func serveOn(t testing.TB, l net.Listener, handler http.Handler) *server {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	b := &server{
		Server: &http.Server{Handler: handler, Protocols: &protocols, ErrorLog: log.New(io.Discard, "", 0)},
		addr:   l.Addr().String(),
		done:   make(chan struct{}),
	}
	go func() {
		defer close(b.done)
		_ = b.Server.Serve(l)
	}()
	t.Cleanup(b.kill)
	return b
}

// kill closes the listener and every connection.
func (b *server) kill() {
	_ = b.Server.Close()
	<-b.done
}

// client is one whose connections end with the test.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) })
}

func get(t testing.TB, c *http.Client, url string) (int, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
