package orchestrator

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/report"
)

// TestPollingAllBeforeAPartHasBeenSeen: whoever waits until nothing is missed is
// told, although the watcher that a part was polled by gives way to another one
// before it has seen that part.
func TestPollingAllBeforeAPartHasBeenSeen(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mounted"), 0o777); err != nil {
		t.Fatal(err)
	}
	entered, goOn := make(chan struct{}), make(chan struct{})
	part, err := fspoll.Open(fspoll.Options{Roots: []string{dir}, Descend: func(string) bool { close(entered); <-goOn; return true }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &loop{ctx: ctx, events: make(chan any, 1), screen: report.NewScreen(report.Options{})}
	w := &filewatch{host: l.watchHost(), sight: &sight{poll: part, part: true, waits: map[uint64]*barrier{}}}
	defer l.onDisk.Wait()
	defer cancel()
	ready := w.seeAll()
	<-entered
	passed := false
	w.sight.sync(func() { passed = true })
	all, err := fspoll.Open(fspoll.Options{Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	w.host.pollInPlace(w.sight.pollAll(all), all, sightedEvent{})
	close(goOn)
	<-ready
	<-l.events
	for !passed {
		<-w.sight.pollWake()
		for _, then := range w.sight.take().passed {
			then()
		}
	}
}
