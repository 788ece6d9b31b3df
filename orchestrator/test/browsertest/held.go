package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"devloop/orchestrator/livereload"
)

// Held is a server of pages whose socket has a hub, as devloop has, and no loop: the test reports what happens.
type Held struct {
	URL       string      // of the socket
	Beside    string      // where another port has the hub, too, for pages of URL
	NoUpgrade atomic.Bool // there are no WebSockets

	mu  sync.Mutex
	hub *livereload.Hub
}

// Hold serves pages, whose script the test has put there, until the test ends.
func Hold(t testing.TB, pages http.Handler) *Held {
	t.Helper()
	h := &Held{hub: livereload.NewHub()}
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, livereload.Prefix):
			pages.ServeHTTP(w, r)
		case h.NoUpgrade.Load() && r.Header.Get("Upgrade") != "":
			http.NotFound(w, r)
		default:
			h.current().ServeHTTP(w, r)
		}
	}))
	beside := httptest.NewServer(http.StripPrefix("/live/web/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.current().For(func(origin string) bool { return origin == own.URL }).ServeHTTP(w, r)
	})))
	t.Cleanup(func() {
		h.current().Close()
		own.Close()
		beside.Close()
	})
	h.URL, h.Beside = own.URL, beside.URL+"/live/web/"
	return h
}

func (h *Held) current() *livereload.Hub {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hub
}

// Restart ends the hub, and the next one begins without a state.
func (h *Held) Restart() {
	h.current().Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hub = livereload.NewHub()
}

// Report gives the pages a state of the boot "boot", live reload on unless it says something else.
func (h *Held) Report(s livereload.State) {
	s.Boot = "boot"
	if s.Live == "" {
		s.Live = "reload"
	}
	h.current().Report(s)
}

// Tag is the tag that a page of a version has.
func Tag(generation, content int) string {
	return fmt.Sprintf(`<script src="%slive.js" data-devloop="boot.%d.%d" integrity=%q async></script>`, livereload.Prefix, generation, content, livereload.Integrity())
}
