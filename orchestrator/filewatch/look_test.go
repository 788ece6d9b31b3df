package filewatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// TestFilledBeforeItSettles: a file that was found empty, and holds again what it held when it is looked at once more,
// is told of: who ran meanwhile may have read it empty.
func TestFilledBeforeItSettles(t *testing.T) {
	dir := t.TempDir()
	file, config := filepath.Join(dir, "file"), filepath.Join(dir, "devloop.yaml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "text")
	write(config, "watchers: {check: {watch: [file], stages: [x]}}\n")
	cfg, _, err := schema.Load(config, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	events := make(chan diskqueue.Event)
	queue := diskqueue.New(diskqueue.Options{Post: func(ev diskqueue.Event) { events <- ev }})
	defer queue.Close(time.Hour)
	var told []machine.Change
	w := &Files{view: view{cfg, g, watchset.New(cfg, g, nil)}, base: baseline{contents: contents.New()}, emptied: map[string]emptied{}, writers: writers{}}
	w.opt.Disk, w.opt.Changed = queue, func(changes []machine.Change) { told = changes }
	w.base.contents.Look(file)

	since := time.Now()
	for path := range w.set.Files() {
		w.emptied[path] = emptied{since, since.Add(time.Hour)}
	}
	w.settleEmptied(since.Add(time.Hour), nil)
	queue.Handle(<-events)
	if len(told) != 1 || !told[0].Same || !told[0].EmptySince.Equal(since) {
		t.Errorf("told of %+v", told)
	}
}
