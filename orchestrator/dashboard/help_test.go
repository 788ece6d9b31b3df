package dashboard

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"devloop/orchestrator/control"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLoop answers as the API does, with events and lines that a test hands it.
type fakeLoop struct {
	ctx    context.Context
	events chan control.Event
	lines  chan control.Line
	refuse bool // nobody knows the node

	readers atomic.Int32

	mu    sync.Mutex
	asked []string
}

func newFakeLoop(t testing.TB) *fakeLoop {
	return &fakeLoop{ctx: t.Context(), events: make(chan control.Event), lines: make(chan control.Line)}
}

func (f *fakeLoop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	f.mu.Unlock()
	f.readers.Add(1)
	defer f.readers.Add(-1)
	switch r.URL.Path {
	case control.PathEvents:
		out := control.NewStream(w)
		known := r.URL.Query().Get("since") == "BOOT.7"
		first := control.Event{Kind: "subscribed", Position: control.Position{Seq: 7}}
		if known {
			first.Boot = "BOOT"
		}
		if out.Put(first) != nil || !known && out.Put(control.Event{Kind: "snapshot", Position: control.Position{Seq: 7, Boot: "BOOT", Status: &control.Status{}}}) != nil || out.Flush() != nil {
			return
		}
		follow(f.ctx, r, out, f.events)
	case control.PathLogs:
		if f.refuse {
			control.Refuse(w, http.StatusNotFound, "no such node", "did you mean app?")
			return
		}
		follow(f.ctx, r, control.NewStream(w), f.lines)
	case control.PathCycles:
		control.Reply(w, control.Cycles{Boot: "BOOT", Cycles: []control.Cycle{}})
	default:
		control.Reply(w, map[string]string{"path": r.URL.Path})
	}
}

func follow[T any](ctx context.Context, r *http.Request, out *control.Stream, from <-chan T) {
	for {
		select {
		case v := <-from:
			if out.Put(v) != nil || out.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// start serves a dashboard until the end of the test.
func start(t testing.TB, opt Options) (s *Server, url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = unserved(t, opt)
	s.Serve(ln)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + ln.Addr().String()
}

// unserved is a dashboard that nobody can reach.
func unserved(t testing.TB, opt Options) *Server {
	if opt.API == nil {
		opt.API = newFakeLoop(t)
	}
	if opt.Graph == nil {
		opt.Graph = func(context.Context) (Graph, error) { return Graph{}, nil }
	}
	opt.Project = "p"
	return New(opt)
}

// browser is a client that keeps cookies. Its connections end with the test.
func browser(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Jar: jar}
}

// loggedIn is a browser that has logged in.
func loggedIn(t testing.TB, s *Server, url string) *http.Client {
	t.Helper()
	c := browser(t)
	always, _ := s.Login()
	if code, body := get(t, c, url+"/"+always); code != http.StatusOK || !strings.Contains(body, "<html") {
		t.Fatalf("%d %s", code, body)
	}
	return c
}

func get(t testing.TB, c *http.Client, url string, header ...string) (int, string) {
	t.Helper()
	res := do(t, c, http.MethodGet, url, header...)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// do sends a request with headers, each a name and a value.
func do(t testing.TB, c *http.Client, method, url string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// decode reads JSON.
func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
