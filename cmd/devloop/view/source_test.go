//go:build linux || darwin || freebsd

package view

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"devloop/orchestrator/control"
)

// running is a loop that has printed so many lines; end ends it.
func running(t *testing.T, config string, lines int, since time.Time) (end func()) {
	t.Helper()
	claim, err := control.Acquire(config)
	if err != nil {
		t.Fatal(err)
	}
	h := http.NewServeMux()
	h.HandleFunc(control.PathStatus, func(w http.ResponseWriter, _ *http.Request) {
		control.Reply(w, project())
	})
	h.HandleFunc(control.PathDiagnostics, func(w http.ResponseWriter, _ *http.Request) {
		control.Reply(w, control.Diagnostics{})
	})
	h.HandleFunc(control.PathCycles, func(w http.ResponseWriter, _ *http.Request) {
		control.Reply(w, control.Cycles{Cycles: []control.Cycle{saved(1, "")}})
	})
	h.HandleFunc(control.PathEvents, func(w http.ResponseWriter, r *http.Request) {
		out := control.NewStream(w)
		_, _ = out.Put(control.Event{Kind: "subscribed"}), out.Flush() // the client may have gone
		<-r.Context().Done()
	})
	h.HandleFunc(control.PathLogs, func(w http.ResponseWriter, r *http.Request) {
		after, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get("since"))
		out := control.NewStream(w)
		for i := range lines {
			l := control.Line{Node: "server", Text: fmt.Sprintf("line %d \x1b[5A\x1b[31mred", i), Time: since.Add(time.Duration(i))}
			if err != nil || !l.Time.Before(after) {
				_ = out.Put(l) // the client may have gone
			}
		}
		_ = out.Flush()
		<-r.Context().Done()
	})
	server, err := claim.Serve(h)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := claim.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The view follows a loop to its end, and then the next one: every line comes once, however many there are, and
// nothing is left running.
func TestFollowsLoops(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "devloop-test-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("DEVLOOP_RUNTIME_DIR", filepath.Join(dir, "run"))
	config := filepath.Join(dir, "devloop.yaml")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const lines = 3*backlog + 7
	end := running(t, config, lines, start)
	client, err := control.Dial(config)
	if err != nil {
		t.Fatal(err)
	}
	s := newSource(func() (*control.Client, error) { return control.Dial(config) }, false)
	ctx, cancel := context.WithCancel(context.Background())
	updates, ended := make(chan update), make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx, client, func(msg tea.Msg) {
			select {
			case updates <- msg.(update):
			case <-ctx.Done():
			}
		})
	}()
	got := 0
	read := func(want int, enough func(update) bool) {
		t.Helper()
		var all update
		for limit := time.After(time.Minute); got < want || !enough(all); {
			select {
			case u := <-updates:
				if len(u.lines) > backlog {
					t.Errorf("%d lines wait", len(u.lines))
				}
				for _, l := range u.lines {
					if text := fmt.Sprintf("line %d red", got); l.text != text {
						t.Fatalf("%q comes where %q should", l.text, text)
					}
					got++
				}
				all.came, all.gone = all.came || u.came, all.gone || u.gone
				if u.status != nil {
					all.status = u.status
				}
				all.cycles = append(all.cycles, u.cycles...)
			case <-limit:
				t.Fatalf("%d lines of %d have come; %+v", got, want, all)
			}
		}
	}
	read(lines, func(u update) bool { return u.came && u.status != nil && len(u.cycles) > 0 })
	if done, err := s.act("restart", "nobody"); err == nil {
		t.Errorf("a loop that knows nothing did: %s", done)
	}
	end()
	read(lines, func(u update) bool { return u.gone })
	if _, err := s.act("restart", "server"); err == nil {
		t.Error("what has ended has restarted something")
	}
	end = running(t, config, lines+5, start)
	read(lines+5, func(u update) bool { return u.came && u.status != nil })
	cancel()
	<-ended
	end()
}
