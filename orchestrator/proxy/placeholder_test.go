package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// lend makes another listener on the same socket and queue, as a holder does.
func lend(t testing.TB, l net.Listener) net.Listener {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a socket cannot be duplicated through net here")
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dup, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	return dup
}

// placeholder starts a placeholder on a held socket.
func placeholder(t testing.TB, opt Options) (s *Placeholder, held net.Listener) {
	t.Helper()
	held = listen(t)
	t.Cleanup(func() { held.Close() })
	if opt.Name == "" {
		opt.Name = "web"
	}
	s = NewPlaceholder(opt)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s.Accept(lend(t, held))
	return s, held
}

func dialer(addr net.Addr) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, addr.Network(), addr.String())
	}
}

const navigation = "GET /a HTTP/1.1\r\nHost: x\r\nAccept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\n\r\n"

func TestPlaceholder(t *testing.T) {
	news := News{Project: "shop", Headline: "build failed", Failed: true, Output: []byte("\x1b[31merror\x1b[0m: <oops>\n")}
	s, held := placeholder(t, Options{News: func() News { return news }})
	addr := held.Addr()

	// A browser that opens a page is answered, as often as it asks.
	browser, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer browser.Close()
	answers := bufio.NewReader(browser)
	for range 2 {
		io.WriteString(browser, navigation)
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 503 || res.Header.Get(pageHeader) != "held" || !strings.Contains(string(body), "error: &lt;oops&gt;") {
			t.Errorf("got %d %v\n%s", res.StatusCode, res.Header, body)
		}
	}

	// All else is held.
	const clients = 8
	got := make(chan string, clients)
	c := client(t)
	for i := range clients {
		go func() {
			method, content := http.MethodGet, ""
			if i%2 == 0 {
				method, content = http.MethodPost, strings.Repeat("x", i<<16)
			}
			req, _ := http.NewRequest(method, "http://"+addr.String(), strings.NewReader(content))
			res, err := c.Do(req)
			if err != nil {
				got <- err.Error()
				return
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if string(b) != method+" "+content {
				got <- fmt.Sprintf("%d bytes, %v", len(b), err)
				return
			}
			got <- ""
		}()
	}
	half := []byte("GET /half HTTP/1.1\r\nHost")
	slow, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	slow.Write(half)
	testenv.UntilTrue(t, "all are taken", func() bool { return s.Stats().Waiting == clients+2 })

	s.Leave()
	late := make(chan int, 1) // waits in the queue, for nobody accepts
	go func() {
		code, _ := get(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+addr.String())
		late <- code
	}()
	serveOn(t, held, echo)
	if code := <-late; code != 200 {
		t.Errorf("got %d", code)
	}
	s.Forward(dialer(addr))
	for range clients {
		if problem := <-got; problem != "" {
			t.Error(problem)
		}
	}
	io.WriteString(slow, ": x\r\nConnection: close\r\n\r\n")
	if b, err := io.ReadAll(slow); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 OK") {
		t.Errorf("got %q, %v", b, err)
	}
	// The browser's connection is the server's now.
	io.WriteString(browser, "GET /a HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
	if b, err := io.ReadAll(answers); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 OK") {
		t.Errorf("got %q, %v", b, err)
	}
	if stats := s.Stats(); stats.Pages != 2 || stats.Forwarded != clients+2 || stats.Lost != 0 || stats.Waiting != 0 {
		t.Errorf("got %+v", stats)
	}
}

// TestPlaceholderHandsOver goes through a server's ends and starts under load:
// nothing that was accepted or queued may be lost, and no client that is not a
// browser may ever see a page.
func TestPlaceholderHandsOver(t *testing.T) {
	s, held := placeholder(t, Options{})
	addr := held.Addr()
	l := startLoad(t, "http://"+addr.String(), 16, true)
	for range 50 {
		testenv.UntilTrue(t, "clients wait", func() bool { return s.Stats().Waiting >= 4 })
		s.Leave()
		// A server that drains what it accepted before it ends.
		server := &drainer{listener: lend(t, held)}
		server.joined.Go(server.accept)
		s.Forward(dialer(addr))
		answeredMore(t, l, 32)
		server.end()
		s.Accept(lend(t, held))
	}
	s.Leave()
	serveOn(t, held, echo)
	s.Forward(dialer(addr))
	close(l.stop)
	l.joined.Wait()
	t.Logf("%d answered, %d failed; %+v", l.ok.Load(), l.failed.Load(), s.Stats())
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d failed, the first with %s", n, *l.first.Load())
	}
}

// A drainer answers one request on each connection, and loses none that it
// accepted; http.Server.Shutdown does.
type drainer struct {
	listener net.Listener
	joined   sync.WaitGroup
}

func (d *drainer) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.joined.Go(func() {
			defer conn.Close()
			req, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				return
			}
			b, _ := io.ReadAll(req.Body)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s %s", req.Method, b)
		})
	}
}

func (d *drainer) end() {
	d.listener.Close()
	d.joined.Wait()
}

func TestPlaceholderForgetsWhoLeaves(t *testing.T) {
	s, held := placeholder(t, Options{})
	idle, err := net.Dial("tcp", held.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := net.Dial("tcp", held.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(ours, "HEAD / HTTP/1.1\r\nHost: x\r\nDevloop-Page: wait\r\n\r\n")
	testenv.UntilTrue(t, "both are taken", func() bool { return s.Stats().Waiting == 2 })
	idle.Close()
	ours.Close()
	testenv.UntilTrue(t, "both are forgotten", func() bool { return s.Stats().Waiting == 0 })
}
