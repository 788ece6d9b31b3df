//go:build linux || darwin || freebsd

package orchestrator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

// still is a loop that watches nothing, and whose commands do not exist.
const still = `
env: {SECRET: hush}
watchers: {check: {watch: [src], on_start: false, stages: [{name: none, run: [/devloop/none]}]}}
processes: {app: {run: [/devloop/none, -x], start: false, restart: never}, tty: {run: [/devloop/none], start: false, restart: never, pty: true}}
`

// inert runs a loop that does next to nothing. end ends it, and may be called
// again.
func inert(t testing.TB, config string, claim *control.Claim) (l *loop, end func()) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "devloop.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := schema.Load(file, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	out := console.New(console.Options{Out: io.Discard})
	l, err = newLoop(context.Background(), Options{Config: cfg, Graph: g, Console: out, Mode: Mode{NoWatch: true}})
	if err != nil {
		t.Fatal(err)
	}
	l.opt.Control = claim // which nobody serves: the handler is asked as it is
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.run()
		l.cancel() // as Run does
	}()
	var once sync.Once
	return l, func() {
		once.Do(func() {
			_ = l.ask(context.Background(), func() { l.step(machine.Shutdown{Hard: true}) }) // it may have ended
			<-ended
			if err := l.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// claimed is a claim to a configuration that is not there.
func claimed(t testing.TB) *control.Claim {
	t.Helper()
	claim, err := control.Acquire(filepath.Join(t.TempDir(), "devloop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { claim.Close() })
	return claim
}

// begun notes when an answer begins: a stream ends with its reader only.
type begun struct {
	*httptest.ResponseRecorder
	once sync.Once
	at   chan struct{}
}

func (b *begun) WriteHeader(code int) {
	b.ResponseRecorder.WriteHeader(code)
	b.once.Do(func() { close(b.at) })
}

func (b *begun) Write(p []byte) (int, error) {
	b.once.Do(func() { close(b.at) })
	return b.ResponseRecorder.Write(p)
}

// exchange has a request answered. A stream is left as soon as it begins.
func exchange(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &begun{ResponseRecorder: httptest.NewRecorder(), at: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(w, r.WithContext(ctx))
	}()
	select {
	case <-done:
	case <-w.at:
		cancel()
		<-done
	}
	return w.ResponseRecorder
}

// FuzzRequests sends requests to a loop, as bytes: every one is answered, in
// JSON, with no secret in it, and the loop goes on.
func FuzzRequests(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzRequests.txtar")
	for _, seed := range []string{
		"GET /v1/status HTTP/1.1\r\nHost: devloop\r\n\r\n",
		"GET /v1/wake?node=app HTTP/1.1\r\nHost: devloop\r\n\r\nGET /v1/wake?node=nobody HTTP/1.1\r\nHost: d\r\n\r\n",
		"POST /v1/start?node=app HTTP/1.1\r\nHost: d\r\n\r\nGET /v1/wait HTTP/1.1\r\nHost: d\r\n\r\n",
		"POST /v1/trigger?node=check&node=check HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\n{}\n",
		"POST /v1/stop?node=check HTTP/1.1\r\nHost: d\r\n\r\nPOST /v1/restart?node=check HTTP/1.1\r\nHost: d\r\n\r\n",
		"GET /v1/logs?node=app&since=2026-01-02T03:04:05Z&run=1&tail=5&follow=true HTTP/1.1\r\nHost: d\r\n\r\n",
		"GET /v1/events HTTP/1.1\r\nHost: d\r\n\r\nPOST /v1/down HTTP/1.1\r\nHost: d\r\n\r\nGET /v1/status HTTP/1.1\r\nHost: d\r\n\r\n",
		"GET /v1/cycles?last=3 HTTP/1.1\r\nHost: d\r\n\r\nGET /v1/cycles?last=-1 HTTP/1.1\r\nHost: d\r\n\r\n",
		"GET /v1/events?since=A.7&snapshot=true HTTP/1.1\r\nHost: d\r\n\r\n",
		"POST /v1/attach?node=tty HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: devloop-terminal\r\n\r\n",
		"GET /v1/../../etc/passwd HTTP/1.1\r\nHost: d\r\n\r\nGET /v1/logs?tail=-1 HTTP/1.1\r\nHost: d\r\n\r\n",
		"GET /v1/wake?node=%00%ff%2e HTTP/1.1\r\nHost: d\r\n\r\nDELETE / HTTP/1.0\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	claim := claimed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		l, end := inert(t, still, claim)
		defer end()
		h := l.api.Handler()
		in := bufio.NewReader(bytes.NewReader(text))
		for range 8 {
			r, err := http.ReadRequest(in)
			if err != nil {
				break
			}
			checkAnswer(t, r, exchange(h, r))
			_, _ = io.Copy(io.Discard, r.Body) // what is left of it stands before the next request
		}
		last := exchange(h, httptest.NewRequest(http.MethodGet, "/v1/status", nil))
		if last.Code != http.StatusOK && last.Code != http.StatusServiceUnavailable {
			t.Errorf("after all the loop answers %d: %s", last.Code, last.Body)
		}
	})
}

func checkAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	if strings.Contains(body, "hush") {
		t.Errorf("%s %q tells a secret: %s", r.Method, r.URL, body)
	}
	switch {
	case w.Code == http.StatusOK:
		for line := range strings.Lines(body) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s %q: %q is no JSON", r.Method, r.URL, line)
			}
		}
	case w.Code >= 300 && w.Code < 400: // the mux cleans a path
	case w.Code >= 400:
		var f struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || f.Error == "" {
			t.Errorf("%s %q: %d with %q", r.Method, r.URL, w.Code, body)
		}
	default:
		t.Errorf("%s %q: %d", r.Method, r.URL, w.Code)
	}
}
