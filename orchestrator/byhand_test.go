//go:build linux || darwin || freebsd

package orchestrator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"devloop/orchestrator/control"
)

// TestByHandAllOrNone: a wrong name, or a verb that does not fit, and nothing
// at all is done.
func TestByHandAllOrNone(t *testing.T) {
	l, end := inert(t, still, claimed(t))
	defer end()
	h := l.api.Handler()
	ask := func(method, target string) (code int, body string) {
		w := exchange(h, httptest.NewRequest(method, target, nil))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		target string
		code   int
		text   string
	}{
		{"/v1/trigger?node=check&node=chekc", http.StatusNotFound, "did you mean check?"},
		{"/v1/trigger?node=check&node=app", http.StatusBadRequest, "devloop restart app"},
		{"/v1/restart?node=app&node=check", http.StatusBadRequest, "devloop trigger check"},
		{"/v1/stop", http.StatusBadRequest, "no node is named"},
		{"/v1/start?node=" + strings.Repeat("x", 5000), http.StatusNotFound, "…"},
		{"/v1/start?" + strings.Repeat("node=app&", 1001), http.StatusBadRequest, "more than"},
		{"/v1/wait?node=nobody", http.StatusNotFound, "POST /v1/wait"},
	} {
		if code, body := ask(http.MethodPost, c.target); code != c.code || !strings.Contains(body, c.text) || len(body) > 1000 {
			t.Errorf("%.60s: %d %s", c.target, code, body)
		}
	}
	var s control.Status
	_, body := ask(http.MethodGet, "/v1/status")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Nodes {
		if n.Number != 0 {
			t.Errorf("%s has run: %+v", n.Name, n)
		}
	}
	if code, _ := ask(http.MethodGet, "/v1/restart?node=app"); code != http.StatusNotFound {
		t.Errorf("a look restarts: %d", code)
	}
	code, body := ask(http.MethodPost, "/v1/trigger?node=check&node=check")
	var moved []control.Moved
	if err := json.Unmarshal([]byte(body), &moved); code != http.StatusOK || err != nil || len(moved) != 1 || moved[0].Before != "idle" {
		t.Errorf("trigger: %d %s", code, body)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
