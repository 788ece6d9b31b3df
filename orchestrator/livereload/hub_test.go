package livereload

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves a hub at an address of its own.
func serve(t *testing.T, h *Hub) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		h.Close()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return server
}

// join opens a page's connection.
func join(t *testing.T, server *httptest.Server) *websocket.Conn {
	t.Helper()
	conn, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+Prefix+"live",
		&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {server.URL}}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// next is the next state that a page is given, or nil at the end of its connection.
func next(t *testing.T, conn *websocket.Conn) *State {
	t.Helper()
	_, text, err := conn.Read(context.Background())
	if err != nil {
		return nil
	}
	s := &State{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPagesAreTold(t *testing.T) {
	t.Parallel()
	h := NewHub()
	conn := join(t, serve(t, h))
	h.Report(State{State: "building", Cycle: 1})
	if s := next(t, conn); s == nil || s.State != "building" || s.Now == 0 {
		t.Fatalf("the page was told %+v", s)
	}
	h.Report(State{State: "building", Cycle: 1}) // nothing new
	h.Report(State{State: "failed", Cycle: 1, Problem: &Problem{Place: "main.go:1:1"}, Broke: &Broke{Cycle: 2, Paths: []string{"main.go"}}})
	if s := next(t, conn); s == nil || s.State != "failed" || s.Problem.Place != "main.go:1:1" || s.Broke.Paths[0] != "main.go" {
		t.Fatalf("the page was told %+v", s)
	}
	h.Report(State{State: "ended"})
	h.Close()
	if s := next(t, conn); s == nil || s.State != "ended" {
		t.Fatalf("the page was told %+v before the end", s)
	}
	if s := next(t, conn); s != nil {
		t.Fatalf("the page was told %+v after the end", s)
	}
}

// A page that does not read is told the newest state when it does, and keeps nobody from anything.
func TestSlowPageSkipsToTheNewest(t *testing.T) {
	t.Parallel()
	h := NewHub()
	conn := join(t, serve(t, h))
	long := strings.Repeat("x", 16<<10)
	const last = 3000 // more than fits into the buffers of a connection
	for i := range last + 1 {
		h.Report(State{Cycle: i, Detail: long})
	}
	seen := 0
	for {
		s := next(t, conn)
		if s == nil {
			t.Fatal("the connection ended")
		}
		seen++
		if s.Cycle == last {
			break
		}
	}
	if seen > last/2 {
		t.Errorf("the page was told %d states of %d", seen, last)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	full := func() State {
		return State{State: "failed", Problem: &Problem{Message: "no"}, Broke: &Broke{Cycle: 1, Paths: []string{"a"}}}
	}
	other := full()
	other.Now = 1
	if !full().equal(other) {
		t.Error("the time alone is news")
	}
	for _, change := range []func(*State){
		func(s *State) { s.State = "live" },
		func(s *State) { s.Problem = nil },
		func(s *State) { s.Problem.Message = "yes" },
		func(s *State) { s.Broke = nil },
		func(s *State) { s.Broke.Paths[0] = "b" },
		func(s *State) { s.Broke.More = 1 },
	} {
		changed := full()
		change(&changed)
		if full().equal(changed) || changed.equal(full()) {
			t.Errorf("%+v is the same", changed)
		}
	}
}

// What a page of another server, or a name that leads here, gets to know: nothing.
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	h := NewHub()
	h.Report(State{State: "live"})
	t.Cleanup(h.Close)
	beside := h.For(func(origin string) bool { return origin == "http://localhost:3000" })
	for _, test := range []struct {
		by     http.Handler
		path   string
		host   string
		header string // one line
		want   int
	}{
		{h, "live", "localhost:3000", "", 200},
		{h, "live", "localhost:3000", "Origin: http://localhost:3000", 200},
		{h, "live", "LOCALHOST.:3000", "Sec-Fetch-Site: same-origin", 200},
		{h, "live", "web.shop.localhost", "Sec-Fetch-Site: none", 200},
		{h, "live", "127.0.0.1:3000", "", 200},
		{h, "live", "[::1]:3000", "Origin: http://[::1]:3000", 200},
		{h, "live", "192.168.1.7:3000", "", 200},
		{h, "live", "shop.test:3000", "Origin: https://shop.test:3000", 403},
		{h, "live.js", "localhost:3000", "Sec-Fetch-Site: cross-site", 200},
		{h, "live", "localhost:3000", "Origin: http://localhost:4000", 403},
		{h, "live", "localhost:3000", "Origin: http://evil.test", 403},
		{h, "live", "localhost:3000", "Origin: null", 403},
		{h, "live", "localhost:3000", "Origin: file://localhost:3000", 403},
		{h, "live", "localhost:3000", "Sec-Fetch-Site: cross-site", 403},
		{h, "live", "localhost:3000", "Sec-Fetch-Site: same-site", 403},
		{h, "live", "evil.test", "", 403},
		{h, "live", "evil.test", "Origin: http://evil.test", 403},
		{h, "live", "localhost.evil.test", "", 403},
		{h, "live", "127.0.0.1.evil.test", "", 403},
		{h, "live", "", "", 403},
		{h, "live.js", "evil.test", "", 403},
		{h, "live.js", "localhost:3000", "Origin: http://evil.test", 403},
		{h, "else", "evil.test", "", 403},
		{h, "else", "localhost:3000", "", 404},
		{h, "", "localhost:3000", "", 404},
		{beside, "live", "127.0.0.1:7777", "Origin: http://localhost:3000", 200},
		{beside, "live", "127.0.0.1:7777", "Origin: http://localhost:3001", 403},
		{beside, "live", "127.0.0.1:7777", "Sec-Fetch-Site: cross-site", 403},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://host"+Prefix+test.path, nil)
		r.Host = test.host
		if name, value, ok := strings.Cut(test.header, ": "); ok {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		test.by.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%s at %s with %q: %d, want %d", test.path, test.host, test.header, w.Code, test.want)
		}
		if allowed := w.Header().Get("Access-Control-Allow-Origin"); (allowed != "") != (test.want == 200 && strings.HasSuffix(test.header, "//localhost:3000") && test.host == "127.0.0.1:7777") {
			t.Errorf("%s at %s with %q: pages of %q may read it", test.path, test.host, test.header, allowed)
		}
	}
}
