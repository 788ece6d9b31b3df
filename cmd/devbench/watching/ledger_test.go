package watching

import (
	"path/filepath"
	"testing"
	"time"
)

func TestParseReport(t *testing.T) {
	tag, what, pid, at, err := parseReport("entr-3 start 1234 987654321")
	if err != nil || tag != "entr-3" || what != "start" || pid != 1234 || at != 987654321 {
		t.Errorf("got %q, %q, %d, %d, %v", tag, what, pid, at, err)
	}
	for _, text := range []string{"", "entr-3 start", "entr-3 begin 1 2", "entr-3 end x 2", "entr-3 start 1 x"} {
		if _, _, _, _, err := parseReport(text); err == nil {
			t.Errorf("parseReport %q: got no error", text)
		}
	}
}

func TestLedger(t *testing.T) {
	if err := supported(); err != nil {
		t.Skip(err)
	}
	l, err := openLedger(filepath.Join(t.TempDir(), "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	before := now()
	if err := report([]string{l.path, "a", "0s"}); err != nil {
		t.Fatal(err)
	}
	got, ok := l.wait("a", before, time.Minute, nil)
	if !ok || got.start < before || got.start > now() {
		t.Errorf("got %+v, %v, want a run after %d", got, ok, before)
	}
	if !l.waitQuiet("a", time.Minute, time.Nanosecond, time.Minute, nil) {
		t.Error("it has ended, but waitQuiet goes on")
	}
	if runs := l.all("a"); len(runs) != 1 || runs[0].end < runs[0].start {
		t.Errorf("got %+v, want one run that has ended", runs)
	}
	gone := make(chan struct{})
	close(gone)
	if got, ok := l.wait("a", now(), time.Minute, gone); ok {
		t.Errorf("nobody is left to run anything: got %+v", got)
	}
}

// A pid that the kernel uses again belongs to the newest run.
func TestLedgerPids(t *testing.T) {
	l := &ledger{runs: map[string][]ran{}, news: make(chan struct{})}
	l.take("a", "start", 7, 10)
	l.take("a", "start", 7, 20)
	l.take("a", "end", 7, 25)
	l.take("b", "end", 7, 26) // of a run that nobody heard of
	if runs := l.all("a"); len(runs) != 2 || runs[0].end != 0 || runs[1].end != 25 {
		t.Errorf("got %+v, want the second to have ended", runs)
	}
}
