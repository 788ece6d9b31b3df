package filewatch

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"devloop/orchestrator/fspoll"
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
	var work sync.WaitGroup
	events := make(chan Event, 1)
	o := Owner{Context: ctx, Go: work.Go, Post: func(ev Event) bool { events <- ev; return true }}
	w := &Files{opt: Options{Owner: o}, watcher: &watcher{poll: part, part: true, waits: map[uint64]*barrier{}}}
	defer work.Wait()
	defer cancel()
	ready := w.Ready()
	<-entered
	passed := false
	w.watcher.sync(func() { passed = true })
	all, err := fspoll.Open(fspoll.Options{Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	o.polled(w.watcher.pollAll(all), all, func(batch) {})
	close(goOn)
	<-ready
	<-events
	for !passed {
		<-w.watcher.pollWake()
		for _, then := range w.watcher.take().passed {
			then()
		}
	}
}

// TestPollingAllTellsWhatWasNotSeenYet: what was saved where a part is polled, right before everything is, is told.
func TestPollingAllTellsWhatWasNotSeenYet(t *testing.T) {
	dir := t.TempDir()
	part, err := fspoll.Open(fspoll.Options{Roots: []string{dir}, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	<-part.Ready()
	saved := filepath.Join(dir, "saved")
	if err := os.WriteFile(saved, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	all, err := fspoll.Open(fspoll.Options{Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	var work sync.WaitGroup
	defer work.Wait()
	events := make(chan Event, 1)
	o := Owner{Context: t.Context(), Go: work.Go, Post: func(ev Event) bool { events <- ev; return true }}
	w := &watcher{poll: part, part: true, waits: map[uint64]*barrier{}}
	var missed batch
	o.polled(w.pollAll(all), all, func(b batch) { missed = b })
	(<-events).Handle()
	if paths := pathsOf(missed.files); len(paths) != 1 || paths[0] != saved {
		t.Errorf("missed: %q", paths)
	}
}
