package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a loop of two nodes that does what it is told, and nothing else.
type fake struct {
	ending bool
	closed error
	did    []string
	answer func(control.Verdict) // of the wait that is open
	asked  chan struct{}         // gets one for each Await
}

func (f *fake) Ask(_ context.Context, question func()) error {
	if f.ending {
		return ErrEnding
	}
	question()
	return nil
}

func (f *fake) Names() []string { return []string{"check", "app"} }

func (f *fake) Kind(node string) string {
	return map[string]string{"check": "watcher", "app": "process"}[node]
}

func (f *fake) Status() control.Status { return control.Status{PID: 7} }

func (f *fake) Diagnostics(string) ([]control.Diagnostic, []control.Unplaced) { return nil, nil }

func (f *fake) Wake(node string) control.Wake { return control.Wake{Node: node} }

func (f *fake) Terminal(node string) Terminal { return Terminal{Configured: node == "app"} }

func (f *fake) Closed() error { return f.closed }

func (f *fake) ByHand(verb machine.Verb, nodes []string) (moved []control.Moved) {
	for _, node := range nodes {
		f.did = append(f.did, string(verb)+" "+node)
		moved = append(moved, control.Moved{Node: node})
	}
	return moved
}

func (f *fake) Await(_ []string, answer func(control.Verdict)) (forget func()) {
	f.answer = answer
	f.asked <- struct{}{}
	return func() { f.did = append(f.did, "forget") }
}

func (f *fake) Login() func() control.Login { return nil }

func (f *fake) Down() { f.did = append(f.did, "down") }

// serve answers one request.
func serve(ctx context.Context, f *fake, method, target string) *httptest.ResponseRecorder {
	s := New(ctx, Options{Loop: f})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(method, target, nil).WithContext(ctx))
	return w
}

// What cannot be done for all of the nodes, or not now, is done for none.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		loop   fake
		method string
		target string
		code   int
		text   string
	}{
		{fake{}, "POST", "/v1/trigger?node=check&node=chekc", http.StatusNotFound, "did you mean check?"},
		{fake{}, "POST", "/v1/trigger?node=check&node=app", http.StatusBadRequest, "devloop restart app"},
		{fake{}, "POST", "/v1/restart?node=app&node=check", http.StatusBadRequest, "devloop trigger check"},
		{fake{}, "POST", "/v1/stop", http.StatusBadRequest, "no node is named"},
		{fake{}, "POST", "/v1/start?node=" + strings.Repeat("x", 5000), http.StatusNotFound, "…"},
		{fake{}, "POST", "/v1/start?" + strings.Repeat("node=app&", mostNamed+1), http.StatusBadRequest, "too many"},
		{fake{}, "POST", "/v1/wait?node=nobody", http.StatusNotFound, "POST /v1/wait"},
		{fake{}, "GET", "/v1/wait?node=nobody", http.StatusNotFound, "no watcher or process"},
		{fake{}, "GET", "/v1/restart?node=app", http.StatusNotFound, "GET /v1/restart"},
		{fake{}, "GET", "/v1/wake?node=ap", http.StatusNotFound, "did you mean app?"},
		{fake{closed: ErrStarting}, "POST", "/v1/stop?node=app", http.StatusServiceUnavailable, "try again in a moment"},
		{fake{closed: ErrEnding}, "POST", "/v1/stop?node=app", http.StatusServiceUnavailable, "the loop is stopping"},
		{fake{ending: true}, "GET", "/v1/status", http.StatusServiceUnavailable, "the loop is stopping"},
	} {
		w := serve(t.Context(), &c.loop, c.method, c.target)
		if body := w.Body.String(); w.Code != c.code || !strings.Contains(body, c.text) || len(body) > 1000 || len(c.loop.did) > 0 {
			t.Errorf("%s %.60s: %d %s, did %q", c.method, c.target, w.Code, body, c.loop.did)
		}
	}
}

// A node that is named twice is meant once.
func TestByHand(t *testing.T) {
	f := &fake{}
	w := serve(t.Context(), f, "POST", "/v1/stop?node=app&node=check&node=app")
	if w.Code != http.StatusOK || !slices.Equal(f.did, []string{"stop app", "stop check"}) {
		t.Errorf("%d %s, did %q", w.Code, w.Body, f.did)
	}
}

func TestTerminal(t *testing.T) {
	for node, want := range map[string]string{"check": "check has no terminal", "app": "app is not running", "ap": "did you mean app?"} {
		s := New(t.Context(), Options{Loop: &fake{}})
		if term, no := s.terminal(node); term != nil || !strings.Contains(no.msg+no.hint, want) {
			t.Errorf("%s: %+v", node, no)
		}
	}
}

// A wait is answered by the loop, or forgotten when its client has gone.
func TestWait(t *testing.T) {
	f := &fake{asked: make(chan struct{}, 1)}
	answered := make(chan *httptest.ResponseRecorder)
	wait := func(ctx context.Context) { answered <- serve(ctx, f, "GET", "/v1/wait?node=app") }

	go wait(t.Context())
	<-f.asked
	f.answer(control.Verdict{Why: "it crashed"})
	var v control.Verdict
	w := <-answered
	if err := json.Unmarshal(w.Body.Bytes(), &v); w.Code != http.StatusOK || err != nil || v.Why != "it crashed" || len(f.did) > 0 {
		t.Errorf("%d %s, did %q", w.Code, w.Body, f.did)
	}

	ctx, leave := context.WithCancel(t.Context())
	s := New(t.Context(), Options{Loop: f})
	go func() {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/v1/wait", nil).WithContext(ctx))
		answered <- w
	}()
	<-f.asked
	leave()
	if w := <-answered; w.Code != http.StatusServiceUnavailable || !slices.Equal(f.did, []string{"forget"}) {
		t.Errorf("%d %s, did %q", w.Code, w.Body, f.did)
	}
}
