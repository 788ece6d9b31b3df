//go:build unix

package livereload_test

import (
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// twenty are tabs of one browser at an address, all of them connected.
type twenty struct {
	browser *browsertest.Browser
	tabs    [20]*browsertest.Page
}

func openTwenty(t *testing.T, address string) *twenty {
	t.Helper()
	all := &twenty{browser: browsertest.Start(t)}
	for i := range all.tabs {
		all.tabs[i] = all.browser.Open(t, address)
	}
	for _, p := range all.tabs {
		p.Connects(t, address)
	}
	return all
}

func (all *twenty) show(t *testing.T, text string) {
	t.Helper()
	for _, p := range all.tabs {
		p.Shows(t, text)
	}
}

// sleep stops the processes that show the tabs; what it returns lets them go on.
func (all *twenty) sleep(t *testing.T) (wake func()) {
	t.Helper()
	renderers := all.browser.Renderers(t)
	signal := func(sig syscall.Signal) {
		for _, pid := range renderers {
			if err := syscall.Kill(pid, sig); err != nil {
				t.Error(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// Twenty tabs are read anew; then the browser sleeps through two versions, and all of them wake up on the newest.
func TestManyTabsSleepAndWake(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	s := newSite(t, "hello")
	all := openTwenty(t, s.URL)
	s.live(1)
	all.show(t, "generation 2")
	wake := all.sleep(t)
	for range 200 {
		state := s.state(0)
		state.Detail = strings.Repeat("x", 1<<14)
		s.Report(state)
		state.Detail = ""
		s.Report(state)
	}
	s.live(1)
	s.live(1)
	wake()
	all.show(t, "generation 4")
}

// The same with devloop in front of a server.
func TestManyTabsOfAServer(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	p := open(t, "testdata/servers/go.txtar")
	l := looptest.Start(t, p.dir, p.port)
	l.Asks(t, func(_ string, err error) bool { return err == nil })
	all := openTwenty(t, l.URL)
	all.show(t, "Hello, World!")
	p.change(t, p.source, "World", "Team")
	all.show(t, "Hello, Team!")
	wake := all.sleep(t)
	p.change(t, p.source, "Team", "Nobody")
	l.Verb(t, "wait")
	p.change(t, p.source, "Nobody", "All")
	l.Verb(t, "wait")
	wake()
	all.show(t, "Hello, All!")
	l.Ends(t)
}
