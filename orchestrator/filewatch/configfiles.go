package filewatch

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/schema"
)

// ConfigFiles watches the files of the configuration, with a watcher of its own, and has the configuration
// read again when one of them changes.
type ConfigFiles struct {
	opt      ConfigOptions
	watcher  *watcher
	paths    []string        // of the files, sorted: the current ones, and those of a load that failed
	poll     *time.Duration  // of watcher
	contents *contents.Store // their contents when they were read
	open     bool            // the watcher misses nothing now
	next     *following      // what Follow is about to watch; nil: nothing else
	after    []func()        // what waits for the reading that is then due

	reading *reading  // nil if they are not being read just now
	due     time.Time // when they are to be read again; zero: not at all
	began   time.Time // when the last reading began
	unseen  bool      // no change has been seen: they are read as a precaution
	broken  error     // why they could not be read the last time
	since   time.Time // when that was noticed
}

// ConfigOptions are what a ConfigFiles needs from its owner.
type ConfigOptions struct {
	Owner

	// Load reads the configuration, in a goroutine of its own, as one of its files may be on a disk that
	// hangs. The owner's goroutine calls what it returns; unseen says that no change has been seen: it was
	// read as a precaution.
	Load func() (loaded func(unseen bool))

	// NoAnswer says that a reading is taking too long. If it still ends, its result counts.
	NoAnswer func(paths []string)

	Started func() bool // a configuration is current
	Ending  func() bool // it is not to be replaced any more
}

// OpenConfigFiles begins to watch files of the configuration. When all of them are watched they are read once
// more, for what was written before that. poll is how often to look at them, nil to rely on events.
func OpenConfigFiles(opt ConfigOptions, paths []string, poll *time.Duration) *ConfigFiles {
	c := &ConfigFiles{opt: opt, watcher: newWatcher(opt.Disk), contents: contents.New()}
	c.Follow(paths, poll)
	return c
}

// Close stops watching. It may have to wait for a disk.
func (c *ConfigFiles) Close() error { return c.watcher.close() }

// following is what is to be watched: the files, and how often they are polled.
type following struct {
	paths []string
	poll  *time.Duration
}

// Follow watches other files, or in another way. How it may watch a file, the disk is asked first; one that does not
// answer is polled.
func (c *ConfigFiles) Follow(paths []string, poll *time.Duration) {
	now, next := c.next, &following{paths, poll}
	if now == nil {
		now = &following{c.paths, c.poll}
	}
	if slices.Equal(paths, now.paths) && SamePoll(now.poll, poll) {
		return
	}
	c.next, c.open = next, false
	job := diskqueue.Job{Paths: paths}
	if poll != nil {
		job.Paths = nil
	}
	found := make([]ways, len(job.Paths))
	job.Do = func(i int) { found[i] = areaOf(paths[i : i+1]).ways() }
	job.Done = func(hung []bool) {
		if c.next != next { // there is a newer one
			return
		}
		c.next = nil
		w := ways{}
		if poll != nil {
			w.polled = paths
		}
		for i, one := range found {
			if hung != nil && hung[i] {
				one = ways{polled: paths[i : i+1]}
			}
			w.polled, w.told, w.apart = append(w.polled, one.polled...), append(w.told, one.told...), append(w.apart, one.apart...)
			w.notes = append(w.notes, one.notes...)
		}
		old := c.watcher
		if err := c.reopen(*next, w); err != nil {
			c.opt.Notice(err.Error())
			c.ready(old)
			return
		}
		c.opt.discard(old)
	}
	c.opt.Disk.Add(job)
}

// SamePoll tells whether two polling intervals are equal.
func SamePoll(a, b *time.Duration) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// reopen opens a watcher, instead of the one before, if there is one. After an error everything is as before.
func (c *ConfigFiles) reopen(what following, w ways) error {
	next := newWatcher(c.opt.Disk)
	notes, err := next.begin(areaOf(what.paths), what.poll, w)
	c.opt.Own.Temporary(next.scratch())
	c.opt.Note(notes...)
	if err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	if c.watcher != nil {
		for _, b := range c.watcher.waits { // barriers now wait for the new watcher
			c.after = append(c.after, b.then)
		}
	}
	c.watcher, c.paths, c.poll, c.contents = next, what.paths, what.poll, contents.New()
	c.open, c.due, c.unseen = false, time.Time{}, false
	parts := next.ready()
	c.opt.Go(func() {
		if c.opt.allReady(parts...) {
			c.opt.post(func() { c.ready(next) })
		}
	})
	return nil
}

// ready reads what may have been missed: a watcher now misses nothing, or sees where it could not see before.
func (c *ConfigFiles) ready(w *watcher) {
	if w != c.watcher || c.next != nil { // there is a newer one, or is to be
		return
	}
	c.open, c.unseen = true, c.unseen || c.due.IsZero()
	c.changed(c.paths, func(bool, bool) { // their contents are read right after this
		c.due = time.Now()
		c.reloadDue(c.due)
	})
}

// areaOf is these files and nothing else.
func areaOf(paths []string) area {
	has := func(path string) bool {
		_, found := slices.BinarySearch(paths, path)
		return found
	}
	return area{paths, fspoll.Reach{Descend: func(string) bool { return false }, Want: has}}
}

// changed finds out whether any of the files has other content than at the last look, and whether any was
// written after the last reading began, which may have read content that is gone by now.
func (c *ConfigFiles) changed(paths []string, then func(changed, written bool)) {
	changed, written, store, began := make([]bool, len(paths)), make([]bool, len(paths)), c.contents, c.began
	c.opt.Disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			changed[i] = store.Settle(paths[i]).Changed
			info, err := os.Stat(paths[i])
			written[i] = err == nil && info.ModTime().After(began.Add(-clockStep))
		},
		Done: func(hung []bool) {
			for i := range hung { // a file that hangs cannot be read again
				changed[i], written[i] = changed[i] && !hung[i], written[i] && !hung[i]
			}
			then(slices.Contains(changed, true), slices.Contains(written, true))
		},
	})
}

// Sync calls then when everything written before has been seen and read, also while the watcher is opening.
// It is false if nothing is watched.
func (c *ConfigFiles) Sync(then func()) (pending bool) {
	switch {
	case c == nil:
		return false
	case !c.open:
		c.after = append(c.after, then)
		return true
	}
	return c.watcher.sync(then)
}

// Wake and PollWake hold an element when there is something to Take.
func (c *ConfigFiles) Wake() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.watcher.wake()
}

// PollWake is Wake for what is polled.
func (c *ConfigFiles) PollWake() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.watcher.pollWake()
}

// Take records that a file of the configuration has changed. For a barrier it looks at all of them, as
// polling does not report a FIFO or a directory that has replaced a file.
func (c *ConfigFiles) Take() {
	seen := c.watcher.take()
	c.opt.Note(seen.notices...)
	if seen.limited {
		c.degrade()
	}
	paths := pathsOf(seen.files)
	if len(seen.passed) > 0 {
		paths = c.paths
	}
	c.changed(paths, func(changed, written bool) { c.seen(seen, changed, written) })
}

// degrade polls the files, because watches have run out.
func (c *ConfigFiles) degrade() {
	w := c.watcher
	if w.poll != nil && !w.part {
		return
	}
	poll, err := areaOf(c.paths).poll(0)
	if err != nil {
		c.opt.Notice(err.Error())
		return
	}
	c.opt.polled(w.pollAll(poll), poll, func(batch) { c.ready(w) })
}

// Mistakes are those in the configuration as it is now; nil if there are none.
func (c *ConfigFiles) Mistakes() *control.Mistakes {
	if c.Broken() == nil {
		return nil
	}
	m := &control.Mistakes{Since: c.since}
	var list schema.Mistakes
	if !errors.As(c.broken, &list) {
		m.List, m.Mistakes = []string{c.broken.Error()}, []control.Mistake{{Text: c.broken.Error()}}
	}
	for _, mistake := range list {
		m.List = append(m.List, mistake.Pos.String()+": "+mistake.Msg)
		m.Mistakes = append(m.Mistakes, control.Mistake{File: mistake.Pos.File, Line: mistake.Pos.Line, Column: mistake.Pos.Col, Text: mistake.Msg, Hint: mistake.Hint})
	}
	return m
}
