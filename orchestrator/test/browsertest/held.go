package browsertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"devloop/orchestrator/livereload"
)

// Held is a server of pages whose socket has a hub, as devloop has, and no loop: the test reports what happens.
type Held struct {
	Hub    *livereload.Hub
	URL    string // of the socket
	Beside string // where another port has the hub, too, for pages of URL
}

// Hold serves pages, whose script the test has put there, until the test ends.
func Hold(t testing.TB, pages http.Handler) *Held {
	t.Helper()
	h := &Held{Hub: livereload.NewHub(livereload.Options{})}
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, livereload.Prefix) {
			h.Hub.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}))
	beside := httptest.NewServer(http.StripPrefix("/live/web/", h.Hub.For(func(origin string) bool { return origin == own.URL })))
	t.Cleanup(func() {
		h.Hub.Close()
		own.Close()
		beside.Close()
	})
	h.URL, h.Beside = own.URL, beside.URL+"/live/web/"
	return h
}

// Report gives the pages a state of the boot "boot", live reload on unless it says something else.
func (h *Held) Report(s livereload.State) {
	s.Boot = "boot"
	if s.Live == "" {
		s.Live = "reload"
	}
	h.Hub.Report(s)
}
