package filewatch

import (
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// Files tells its owner which watched files hold something else than before, and
// passes barriers behind that. The owner's goroutine never waits for a disk here:
// what reads, or asks about, a file is a job of the queue, and jobs are done in the
// order in which they were given. So what was seen first is told first, and a
// barrier passes after everything that was written before it.
//
// Take has what was seen looked at. Four methods call back later:
//
//	After   when what was taken before has been told
//	Flush   when what was seen before has been, too, and a file that was emptied counts
//	Sync    when what was written before has been
//	Await   the same, also of what comes into sight or only a second watcher will see
type Files struct {
	opt Options
	view
	poll    *time.Duration // of watcher
	git     *gitignore.Matcher
	watcher *watcher
	mounts  mounts
	base    baseline
	times   *modTimes
	writers writers
	locks   map[string]*gitLocks // by directory of a project

	emptied   map[string]emptied // files without content
	taken     int                // batches on their way through the queue
	flushing  bool
	hanging   hanging
	gathering time.Time // until when changes are only gathered, see gather

	next    *reopening // a second watcher opens; nil if none does
	waiting []func()   // what waits for it
}

// view is what is watched, and for which nodes.
type view struct {
	cfg   *schema.Config
	graph *graph.Graph
	set   *watchset.Set
}

// Options are what a Files needs from its owner, whose goroutine calls all of them, and all methods.
type Options struct {
	Owner
	Config func() (*schema.Config, *graph.Graph) // the current ones
	Poll   *time.Duration                        // how often to look at everything; nil to rely on events

	Started func() bool // something may depend on what is seen
	Changed func(changes []machine.Change)
	Hang    func(places map[int]string) // of nodes: where a file system keeps their files from being looked at
	Busy    func() bool                 // a stage runs

	// Settling is until when changes are only collected; false if they are not.
	Settling func() (until time.Time, ok bool)

	// Writing is nil if no command runs. What it returns finds out which nodes have a command with the file
	// open for writing, if one of the nodes that the file wakes is suspected, or these are nil. It may be
	// called by any goroutine.
	Writing func() func(path string, wakes []int) (nodes []int)

	Opened func() // the watcher has been replaced

	Sums func() contents.Sums // what keeps the sums of watched files; nil, or a nil one: nothing does
}

// New begins to watch what the configuration asks for, outside the owner's goroutine, which does what it asks of a
// disk; it returns nil if the owner ends meanwhile. The caller closes it, even after an error. notes are for people.
func New(opt Options) (w *Files, notes []string, err error) {
	cfg, g := opt.Config()
	git := gitignore.New(cfg.Dir)
	w = &Files{opt: opt, poll: opt.Poll, git: git, view: view{cfg, g, watchset.New(cfg, g, git)}, times: newModTimes(),
		hanging: hanging{notice: opt.Notice, report: opt.Hang}, watcher: newWatcher(opt.Disk),
		base: baseline{contents: contents.New()}, writers: writers{}, locks: map[string]*gitLocks{}, emptied: map[string]emptied{}}
	if opt.Sums != nil {
		w.base.contents.Keep(opt.Sums())
		w.base.contents.Forget()
	}
	at := areaFor(w.set, w.git, w.opt.Own)
	found, ok := opt.layout(at, w.set, opt.Poll != nil)
	if ok {
		touchables := w.set.Touchables()
		_, ok = opt.ask(touchables, func(i int) { w.times.note(touchables[i]) })
	}
	if !ok {
		return nil, nil, nil
	}
	w.mounts = openMounts(found.real)
	notes, err = w.watcher.begin(at, opt.Poll, found.ways)
	opt.Own.Temporary(w.watcher.scratch())
	return w, notes, err
}

// Close stops watching. It may have to wait for a disk.
func (w *Files) Close() error {
	errs := []error{w.watcher.close(), w.mounts.close()}
	if w.next != nil && w.next.watcher != nil { // it was never handled
		errs = append(errs, w.next.watcher.close())
	}
	return errors.Join(errs...)
}

// areaFor is what to watch for the nodes of a set.
func areaFor(set *watchset.Set, git *gitignore.Matcher, own *Own) area {
	return area{rootsOf(set, git), fspoll.Reach{Descend: own.outside(set.Descend), Want: wants(set, git)}}
}

// wants tells whether a change of the file may matter to a node, or to git's rules. Whether git ignores the
// file is decided later, since a change of a rule right before must count first.
func wants(set *watchset.Set, git *gitignore.Matcher) func(path string) bool {
	index := git.IndexFile()
	return func(path string) bool { return set.Matches(path) || git.IsRuleFile(path) || path == index }
}

// Ready is closed when nothing is missed any more.
func (w *Files) Ready() <-chan struct{} {
	all, parts := make(chan struct{}), w.watcher.ready()
	w.opt.Go(func() {
		if w.opt.allReady(parts...) {
			close(all)
		}
	})
	return all
}

// Complete tells whether nothing is missed any more.
func (w *Files) Complete() bool { return w.watcher.complete() }

// degrade adds polling, because some places have no events: watches have run out. What may have changed there
// meanwhile counts if something may depend on it.
func (w *Files) degrade() {
	if w.watcher.poll != nil && !w.watcher.part {
		return
	}
	poll, err := areaFor(w.set, w.git, w.opt.Own).poll(0)
	if err != nil {
		w.opt.Notice(err.Error())
		return
	}
	degraded, late := w.watcher, w.opt.Started()
	w.opt.polled(degraded.pollAll(poll), poll, func(missed batch) {
		if late && degraded == w.watcher && degraded.events != nil {
			w.takeRules(missed.files, false)
			w.look(w.set, append(degraded.events.Unwatched(), missed.gone...), missed.files, nil)
		}
	})
	w.opt.Notice("polling the rest; raise the limit and start devloop again")
}

// During a long burst, changes are looked at in steps of gatherFor: one by one costs so much more that it
// falls behind a burst of thousands, and slows down the program that writes them. Urgent changes, such as a
// lone save, do not wait; beside a burst for another node, they wait one step at most.
const (
	gatherFor = 5 * time.Millisecond
	farAhead  = 20 * time.Millisecond
)

// gather ignores events for a moment, if nothing depends on them now.
func (w *Files) gather(now time.Time) {
	if until, ok := w.opt.Settling(); ok && until.Sub(now) >= farAhead && !w.watcher.awaited() {
		w.gathering = now.Add(gatherFor)
	}
}

// Wake holds an element when there are events to take and nothing is being gathered. Events that come during
// a look are taken together.
func (w *Files) Wake() <-chan struct{} {
	if w == nil || w.taken > 0 {
		return nil
	}
	if !w.gathering.IsZero() {
		if w.gathering.After(time.Now()) && !w.watcher.awaited() {
			return nil
		}
		w.gathering = time.Time{}
	}
	return w.watcher.wake()
}

// PollWake is Wake for what is polled.
func (w *Files) PollWake() <-chan struct{} {
	if w == nil || w.taken > 0 {
		return nil
	}
	return w.watcher.pollWake()
}

// Deadline is when the loop is to call Due, if at all.
func (w *Files) Deadline() (at time.Time, ok bool) {
	if w == nil {
		return time.Time{}, false
	}
	at = w.gathering
	for _, empty := range w.emptied {
		if at.IsZero() || empty.counts.Before(at) {
			at = empty.counts
		}
	}
	return at, !at.IsZero()
}

// Take has everything looked at that has been seen.
func (w *Files) Take() {
	seen := w.watcher.take()
	w.opt.Note(seen.notices...)
	if seen.lost {
		seen.gone = append(seen.gone, w.set.Roots()...)
	}
	w.hanging.add(seen.hung, w.set)
	w.takeRules(seen.files, seen.lost)
	w.look(w.set, seen.gone, seen.files, seen.passed)
	if w.hanging.ended() {
		w.After(func() { w.hanging.release(w.set) })
	}
	if seen.limited {
		w.degrade()
	}
}

// Due settles what is due now.
func (w *Files) Due(now time.Time) {
	if w != nil {
		w.settleEmptied(now, nil)
	}
}

// Flush calls then when everything that came before now has been reported. It first finds out whether git is
// rewriting one of the work trees, as that might be over by then.
func (w *Files) Flush(dirs []string, then func(gitBusy bool)) {
	w.flushing = true
	paths, locks := make([]string, len(dirs)), make([]*gitLocks, len(dirs))
	for i, dir := range dirs {
		if w.locks[dir] == nil {
			w.locks[dir] = &gitLocks{}
		}
		paths[i], locks[i] = filepath.Join(dir, ".git"), w.locks[dir]
	}
	busy, notes := make([]bool, len(dirs)), make([][]string, len(dirs))
	w.opt.Disk.Add(diskqueue.Job{
		Paths: paths,
		Do:    func(i int) { busy[i], notes[i] = locks[i].busy(dirs[i:i+1], time.Now()) },
		Done: func(hung []bool) {
			held := false
			for i, dir := range dirs {
				if hung != nil && hung[i] {
					delete(w.locks, dir) // still in use
					continue
				}
				held = held || busy[i]
				w.opt.Note(notes[i]...)
			}
			w.Take()
			w.After(func() {
				w.settleEmptied(time.Now(), func() {
					w.flushing = false
					then(held)
				})
			})
		},
	})
}

// After calls then when everything taken before has been reported.
func (w *Files) After(then func()) {
	w.opt.Disk.Add(diskqueue.Job{Done: func([]bool) { then() }})
}

// Await is Sync for a question about everything that the configuration watches: it also waits for a second
// watcher that is opening, and for files that have come into view.
func (w *Files) Await(then func()) {
	known := func() {
		if w.next != nil || w.base.ruled {
			w.waiting = append(w.waiting, then)
		} else {
			then()
		}
	}
	if w.next != nil {
		known()
	} else {
		w.Sync(known)
	}
}

// Inputs are the files that a stage reads, as watchset.Set.Inputs lists them, less what devloop itself writes. The list may
// be used by any goroutine, but takes what is watched, and which places hang, from now.
func (w *Files) Inputs(node int, patterns []schema.Pattern, outputs []string) iter.Seq2[string, error] {
	all := w.set.Inputs(node, patterns, outputs, slices.Clone(w.hanging.held))
	return func(yield func(string, error) bool) {
		for path, err := range all {
			if (err != nil || !w.opt.Own.wrote(path)) && !yield(path, err) {
				return
			}
		}
	}
}

// Sync calls then when everything written before has been seen and reported.
func (w *Files) Sync(then func()) {
	if !w.watcher.sync(then) {
		w.After(then)
	}
}

// Answers forgets what may have been read from a place that did not answer for long: changes there have
// counted unread.
func (w *Files) Answers() {
	if w != nil {
		w.forget()
	}
}

// MountsWake holds an element when something was mounted or unmounted.
func (w *Files) MountsWake() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.mounts.table.Wake()
}

// Flushing tells whether a Flush is on its way.
func (w *Files) Flushing() bool { return w != nil && w.flushing }

// Watching tells how much is watched, and how; nil if nothing is.
func (w *Files) Watching() *control.Watching {
	if w == nil {
		return nil
	}
	return w.watcher.watching()
}

// Touched says that devloop itself has touched a file, which is not a change. It may be called by any
// goroutine.
func (w *Files) Touched(path string) {
	if w != nil {
		w.times.note(path)
	}
}
