package filewatch

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"devloop/orchestrator/diskqueue"
)

// TestFollowDoesNotWaitForADisk: which files may be watched how is asked beside the owner's goroutine, and until the new
// ones are watched a barrier waits.
func TestFollowDoesNotWaitForADisk(t *testing.T) {
	events, posted := make(chan diskqueue.Event, 8), make(chan Event, 8)
	ctx, cancel := context.WithCancel(context.Background())
	var joined sync.WaitGroup
	queue := diskqueue.New(diskqueue.Options{Post: func(ev diskqueue.Event) { events <- ev }})
	owner := Owner{Context: ctx, Disk: queue, Own: &Own{}, Go: joined.Go, Note: func(...string) {}, Notice: func(text string) { t.Error(text) },
		Post: func(ev Event) bool { posted <- ev; return true }}
	dir := t.TempDir()
	c := OpenConfigFiles(ConfigOptions{Owner: owner, Started: func() bool { return false }}, []string{filepath.Join(dir, "a")}, nil)
	for len(c.paths) == 0 {
		queue.Handle(<-events)
	}
	before, free, began := c.watcher, make(chan struct{}), make(chan struct{})
	queue.Add(diskqueue.Job{Paths: []string{dir}, Do: func(int) { close(began); <-free }, Done: func([]bool) {}})
	<-began
	c.Follow([]string{filepath.Join(dir, "b")}, nil)
	if c.watcher != before || c.open {
		t.Error("it has not waited for its turn")
	}
	close(free)
	for c.watcher == before {
		queue.Handle(<-events)
	}
	for !c.open {
		select {
		case ev := <-posted:
			ev.Handle()
		case ev := <-events:
			queue.Handle(ev)
		}
	}
	cancel()
	queue.Close(time.Hour)
	joined.Wait()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
