//go:build unix

package livereload_test

import (
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/testenv"
)

// Twenty tabs are read anew; then the browser sleeps through two versions, and all of them wake up on the newest.
func TestManyTabsSleepAndWake(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	s := newSite(t, "hello")
	browser := browsertest.Start(t)
	tabs := make([]*browsertest.Page, 20)
	for i := range tabs {
		tabs[i] = browser.Open(t, s.URL)
	}
	all := func(text string) {
		t.Helper()
		for _, p := range tabs {
			p.Shows(t, text)
		}
	}
	for _, p := range tabs {
		p.Connects(t, s.URL)
	}
	s.live(1)
	all("generation 2")
	renderers := browser.Renderers(t)
	signal := func(sig syscall.Signal) {
		for _, pid := range renderers {
			if err := syscall.Kill(pid, sig); err != nil {
				t.Fatal(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	for range 200 {
		state := s.state(0)
		state.Detail = strings.Repeat("x", 1<<14)
		s.Report(state)
		state.Detail = ""
		s.Report(state)
	}
	s.live(1)
	s.live(1)
	signal(syscall.SIGCONT)
	all("generation 4")
}
