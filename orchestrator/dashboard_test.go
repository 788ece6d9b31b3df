//go:build linux || darwin || freebsd

package orchestrator

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/schema"
)

// tabOf opens a stream of a loop's dashboard, logged in.
func tabOf(t *testing.T, l *loop, claim *control.Claim) *bufio.Reader {
	t.Helper()
	var login func() control.Login
	err := l.ask(t.Context(), func() {
		d := l.dashboard
		d.claim = claim
		now, err := d.open(&schema.Socket{Name: "dashboard", Listen: schema.Listen{Type: schema.HTTP, Host: "127.0.0.1"}})
		if err != nil {
			t.Error(err)
			return
		}
		d.now = now
		d.serve()
		login = d.login()
	})
	if err != nil || login == nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(url string) io.Reader {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", url, res.Status)
		}
		return res.Body
	}
	in := login()
	get(in.Once)
	return bufio.NewReader(get(in.Address + "stream?node=check"))
}

// TestSlowTab: a tab that does not read learns what it missed, and the loop does not wait for it.
func TestSlowTab(t *testing.T) {
	claim := claimed(t)
	l, end := inert(t, still, claim)
	defer end()
	tab := tabOf(t, l, claim)
	if line, err := tab.ReadString('\n'); err != nil || line != "event: event\n" {
		t.Fatalf("%q %v", line, err)
	}
	paths := slices.Repeat([]string{strings.Repeat("x", 100)}, control.MostPaths)
	for range 40 { // far more than queue and buffers hold
		if err := l.ask(t.Context(), func() {
			for range 100 {
				l.report.log.Report(report.Report{Report: machine.Report{Kind: machine.Held, Node: "check", Paths: paths}})
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	missed := make(chan error, 1)
	go func() {
		for {
			line, err := tab.ReadString('\n')
			if err != nil || line == "event: missed\n" {
				missed <- err
				return
			}
		}
	}()
	for done := false; !done; { // the count comes with the next event that there is room for
		if err := l.ask(context.Background(), func() {
			l.report.log.Report(report.Report{Report: machine.Report{Kind: machine.Held, Node: "check"}})
		}); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-missed:
			if err != nil {
				t.Error(err)
			}
			done = true
		default:
		}
	}
}
