package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

func TestHeldUntilServed(t *testing.T) {
	f, url := front(t, Options{HTTP: true})
	c := client(t)
	got := make(chan string, 3)
	for range 3 {
		go func() {
			_, body := get(t, c, url)
			got <- body
		}()
	}
	testenv.UntilTrue(t, "three requests wait", func() bool { return f.Stats().Waiting == 3 })
	for i, r := range f.Requests(2) {
		if r.Method != "GET" || r.Path != "/" || r.Since.IsZero() || i > 1 {
			t.Errorf("%+v waits", r)
		}
	}
	f.Serve(1, serve(t, text("one")).addr)
	for range 3 {
		if body := <-got; body != "one" {
			t.Errorf("got %q", body)
		}
	}
	f.Hold()
	go func() {
		_, body := get(t, c, url)
		got <- body
	}()
	testenv.UntilTrue(t, "a request waits", func() bool { return f.Stats().Waiting == 1 })
	f.Serve(2, serve(t, text("two")).addr)
	if body := <-got; body != "two" {
		t.Errorf("got %q", body)
	}
	if waiting := f.Requests(20); len(waiting) > 0 {
		t.Errorf("%v still waits", waiting)
	}
	if s := f.Stats(); s.Answered != 4 || s.Cut != 0 || s.TimedOut != 0 || len(s.InFlight) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestNobodyComes(t *testing.T) {
	f, url := front(t, Options{HTTP: true, MaxWait: 10 * time.Millisecond})
	res, err := client(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || res.Header.Get(pageHeader) != "held" {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
	if !strings.Contains(string(body), "no server is ready on socket web") || strings.Contains(string(body), "<") {
		t.Errorf("got %q", body)
	}
	if s := f.Stats(); s.TimedOut != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestRawWaitsAndForwards(t *testing.T) {
	f, url := front(t, Options{})
	addr := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "hello")
	conn.(*net.TCPConn).CloseWrite()
	testenv.UntilTrue(t, "the connection waits", func() bool { return f.Stats().Waiting == 1 })

	l := listen(t)
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b, _ := io.ReadAll(c)
		io.WriteString(c, strings.ToUpper(string(b)))
	}()
	f.Serve(1, l.Addr().String())
	if b, err := io.ReadAll(conn); err != nil || string(b) != "HELLO" {
		t.Errorf("got %q, %v", b, err)
	}
	testenv.UntilTrue(t, "it is over", func() bool { return f.Stats().Answered == 1 })
	if left := f.Drain(context.Background(), 1); left != 0 {
		t.Errorf("left %d", left)
	}
}
