package orchestrator

import (
	"path/filepath"
	"testing"
	"time"

	"devloop/orchestrator/fspoll"
)

// TestPollAll: when everything is polled in place of a part, whoever waits for
// what was written is answered by the new one, and once.
func TestPollAll(t *testing.T) {
	dir := t.TempDir()
	everything := func(string) bool { return true }
	poll := func(root string) *fspoll.Watcher {
		t.Helper()
		w, err := fspoll.Open(fspoll.Options{Roots: []string{root}, Descend: everything, Want: everything, Interval: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	s := &sight{waits: map[uint64]*barrier{}, poll: poll(filepath.Join(dir, "part")), part: true}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	answers := 0
	for range 3 {
		if !s.sync(func() { answers++ }) {
			t.Fatal("nothing is waited for")
		}
	}
	// Some may have been confirmed by the first already, and are taken now or never.
	if err := s.pollAll(poll(dir)); err != nil {
		t.Fatal(err)
	}
	if s.part {
		t.Error("it is still a part")
	}
	limit := time.After(time.Minute)
	for answers < 3 {
		select {
		case <-s.pollWake():
			for _, then := range s.take().passed {
				then()
			}
		case <-limit:
			t.Fatalf("%d of 3 are answered", answers)
		}
	}
	if len(s.waits) > 0 {
		t.Errorf("%d are still waited for", len(s.waits))
	}
}
