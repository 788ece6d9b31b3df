package fspoll

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAFileThatChangedIsLookedAtOften(t *testing.T) {
	p := poll(t, Options{Interval: time.Minute}, "a/f", "a/g", "b/h")
	p.pass(time.Minute)
	p.want("before")
	p.write("a/f")
	p.pass(time.Minute)
	p.want("the first change", "a/f")
	for range 3 {
		p.write("a/f")
		p.write("a/new") // its directory is looked at too
		p.pass(150 * time.Millisecond)
		p.want("soon after", "a/f", "a/new")
	}
	p.must(os.Remove(p.path("a/f")))
	p.pass(150 * time.Millisecond)
	p.want("removed", "a/f")
	p.write("a/f")
	p.pass(150 * time.Millisecond)
	p.want("made again", "a/f")
	p.pass(2*recentFor + time.Minute)
	if n := len(p.recent.files) + len(p.recent.dirs); n != 0 {
		t.Errorf("%d files and directories are looked at often long after", n)
	}
}

func TestWhatIsHotHasALimit(t *testing.T) {
	p := poll(t, Options{Interval: time.Minute}, "d0/f")
	for i := range 3 * recentMost {
		p.write(fmt.Sprintf("d%d/f", i))
	}
	p.pass(time.Minute)
	if got := len(p.changes()); got != 3*recentMost {
		t.Errorf("%d changes, want %d", got, 3*recentMost)
	}
	if len(p.recent.files) != recentMost || len(p.recent.dirs) != recentMost {
		t.Errorf("%d files and %d directories are looked at often, want %d", len(p.recent.files), len(p.recent.dirs), recentMost)
	}
	newest := p.recent.files[0]
	p.write("d7/f")
	p.pass(time.Minute)
	if p.recent.files[0] == newest || !strings.HasSuffix(p.recent.files[0].dir.path, "d7") {
		t.Errorf("the file that changed last is not the first")
	}
}

func TestAQuietTreeIsLookedAtInSlices(t *testing.T) {
	p := poll(t, Options{Interval: 8 * time.Second}, "a/f")
	ticks := 0
	for end := p.now.Add(80 * time.Second); p.now.Before(end); ticks++ {
		p.step()
	}
	if ticks > 110 {
		t.Errorf("%d ticks in ten intervals, want about %d", ticks, 100)
	}
}

func TestAnUnchangedStampIsReportedOnceMoreWhenItsTimeHasPassed(t *testing.T) {
	p := poll(t, Options{}, "f", "g")
	p.pass(3 * time.Second)
	// A file system with coarse times: f is written now, and once more in the same step.
	step := p.now.Truncate(time.Second)
	p.write("f")
	p.must(os.Chtimes(p.path("f"), step, step))
	p.pass(2 * time.Second)
	p.want("written", "f")
	p.pass(2 * grain)
	p.want("later", "f")
	p.pass(time.Minute)
	p.want("afterwards")
}

func TestAFileThatIsFreshAtTheFirstScanIsReportedLater(t *testing.T) {
	dir := t.TempDir()
	p := &polled{t: t, dir: dir, now: time.Now().Truncate(time.Second).Add(time.Hour + time.Second/2)}
	p.write("old")
	p.write("new")
	p.must(os.Chtimes(p.path("new"), p.now, p.now))
	p.write("coarse") // its time has no fractions of a second, so it may be written again with the same
	p.must(os.Chtimes(p.path("coarse"), p.now, p.now.Truncate(time.Second)))
	p.write("fine")
	p.must(os.Chtimes(p.path("fine"), p.now, p.now.Add(-2*clockStep)))
	w, err := newWatcher(Options{Roots: []string{dir}})
	p.must(err)
	p.Watcher = w
	t.Cleanup(w.ask.close)
	p.pass(2 * time.Second)
	p.want("at first")
	p.pass(2 * grain)
	p.want("later", "coarse", "new")
}

func TestAClockThatIsWrongDoesNotHideASecondWrite(t *testing.T) {
	p := poll(t, Options{}, "f") // the files' times are an hour behind
	p.write("f")
	p.pass(2 * time.Second)
	p.want("first", "f")
	p.write("f")
	p.pass(200 * time.Millisecond)
	p.want("second, seen while recent", "f")
	p.pass(2 * time.Second)
	p.want("not yet")
	p.pass(4 * time.Second)
	p.want("once more", "f")
}

func TestAnEntryInADirectoryWhoseTimeStandsStillIsFound(t *testing.T) {
	p := poll(t, Options{}, "a/f")
	step := p.now.Truncate(2 * time.Second)
	p.write("a/g")
	p.must(os.Chtimes(p.path("a"), step, step))
	p.pass(2 * time.Second)
	p.want("first", "a/g")
	// The stamp as it would be on a file system without finer times.
	p.write("a/h")
	p.must(os.Chtimes(p.path("a"), step, step))
	for _, d := range p.order {
		if d.path == p.path("a") {
			found, err := p.probe(d.path, d)
			p.must(err)
			d.stamp = found.stamp
		}
	}
	p.pass(2 * time.Second)
	p.want("second", "a/h")
}

// TestWrittenWhen: a file's times tell when it was written, but not before everything was looked at last, nor in the
// future. One that is reported once more was not written.
func TestWrittenWhen(t *testing.T) {
	p := poll(t, Options{Interval: time.Minute}, "f", "g")
	p.now = time.Now()
	before := p.now
	p.Sync(1)
	p.step()
	p.write("f")
	p.must(os.Chtimes(p.path("f"), before.Add(time.Hour), before.Add(time.Hour)))
	p.must(os.Remove(p.path("g")))
	p.Sync(2)
	p.step()
	for _, c := range p.Take().Changes {
		if written := c.Path == p.path("f"); written == c.Written.IsZero() || written && (c.Written.Before(before) || c.Written.After(time.Now())) {
			t.Errorf("%s was written at %v, which is not after %v", c.Path, c.Written, before)
		}
	}
	p.write("g")
	p.Sync(3)
	p.step()
	p.Take()
	p.pass(2 * grain)
	for _, c := range p.Take().Changes {
		if !c.Written.IsZero() {
			t.Errorf("%s was written at %v", c.Path, c.Written)
		}
	}
}
