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

// looked is a Files that watches one file and is told what to look at.
type looked struct {
	*Files
	file   string
	told   []machine.Change
	events chan diskqueue.Event
}

func newLooked(t *testing.T) *looked {
	t.Helper()
	dir := t.TempDir()
	l := &looked{file: filepath.Join(dir, "file"), events: make(chan diskqueue.Event)}
	config := filepath.Join(dir, "devloop.yaml")
	for path, text := range map[string]string{l.file: "text", config: "watchers: {check: {watch: [file], stages: [x]}}\n"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := schema.Load(config, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	queue := diskqueue.New(diskqueue.Options{Post: func(ev diskqueue.Event) { l.events <- ev }})
	t.Cleanup(func() { queue.Close(time.Hour) })
	l.Files = &Files{view: view{cfg, g, watchset.New(cfg, g, nil)}, base: baseline{contents: contents.New()}, emptied: map[string]emptied{}, writers: writers{}}
	l.opt.Disk, l.opt.Go = queue, func(func()) {} // a test does itself what is read in the background
	l.opt.Changed = func(changes []machine.Change) { l.told = append(l.told, changes...) }
	return l
}

// settled handles what the queue has been given.
func (l *looked) settled() {
	done := false
	for l.After(func() { done = true }); !done; {
		l.opt.Disk.Handle(<-l.events)
	}
}

// TestFilledBeforeItSettles: a file that was found empty, and holds again what it held when it is looked at once more,
// is told of: who ran meanwhile may have read it empty.
func TestFilledBeforeItSettles(t *testing.T) {
	l := newLooked(t)
	l.base.contents.Look(l.file)
	since := time.Now()
	for path := range l.set.Files() {
		l.emptied[path] = emptied{since, since.Add(time.Hour)}
	}
	l.settleEmptied(since.Add(time.Hour), nil)
	l.settled()
	if len(l.told) != 1 || !l.told[0].Same || !l.told[0].EmptySince.Equal(since) {
		t.Errorf("told of %+v", l.told)
	}
}

// TestComesIntoViewWhileRulesChangeAgain: a file that a reading has found in view, and that it has learned before the
// rules changed once more, is told of, once.
func TestComesIntoViewWhileRulesChangeAgain(t *testing.T) {
	l := newLooked(t)
	l.base.ruled = true
	l.forget()
	r := &baselineReader{files: l.Files, set: l.set, lesson: l.base.contents.Lesson(), arrived: []string{l.file}}
	r.lesson.Learn(l.file)
	r.lesson.Rely()
	l.forget() // before the owner hears of what was read
	again := &baselineReader{files: l.Files, set: l.set, lesson: l.base.contents.Lesson(), arrived: []string{l.file}}
	l.baselineRead(r)
	l.settled()
	if len(l.told) != 1 || l.told[0].Path != l.file {
		t.Errorf("told of %+v", l.told)
	}
	l.baselineRead(again)
	l.settled()
	if len(l.told) != 1 {
		t.Errorf("told again, of %+v", l.told)
	}
}

// TestReadWhileItBeganToHang: what was read of a file counts for nothing if its place has begun to hang since the reading
// began: it may have been saved meanwhile, and the poller reports that only when the place responds.
func TestReadWhileItBeganToHang(t *testing.T) {
	l := newLooked(t)
	r := &baselineReader{files: l.Files, set: l.set, lesson: l.base.contents.Lesson()}
	r.lesson.Learn(l.file)
	l.hanging.held = []string{filepath.Dir(l.file)}
	if r.rely() {
		t.Error("it is relied on")
	}
	if !l.base.contents.Look(l.file).Changed {
		t.Error("the save is no change")
	}

	// A reading that began later leaves the place out, and what it has read counts.
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	again := &baselineReader{files: l.Files, set: l.set, lesson: l.base.contents.Lesson(), hung: []string{filepath.Dir(l.file)}}
	again.lesson.Learn(other)
	if !again.rely() || l.base.contents.Look(other).Changed {
		t.Error("what was read elsewhere does not count")
	}
}
