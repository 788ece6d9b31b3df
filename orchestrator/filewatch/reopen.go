package filewatch

import (
	"fmt"
	"os"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// reopening is a second watcher that opens, because other files are to be watched than before, or in another
// way. It replaces the first once it misses nothing, and only then does the configuration that asks for it
// become current. So whatever runs for the new configuration begins when all that it may read is watched, as
// at the start.
type reopening struct {
	cfg     *schema.Config
	graph   *graph.Graph
	poll    *time.Duration
	enforce func(adopt func()) // makes the configuration current; nil if it is
	places  []string           // where something was mounted or unmounted
	ruled   bool               // what git ignores has changed while the watcher was opening
	since   time.Time          // files that are new in view count from then on

	opened // once it is
}

// opened is the result of opening a second watcher.
type opened struct {
	set     *watchset.Set
	watcher *watcher          // nil if it could not be opened
	roots   map[string]string // of set, and their paths without links
	first   batch             // what it has seen until then, and what was written meanwhile
	notes   []string
	err     error
}

// clockStep is how far the clock for file times may be behind: it ticks in steps of some milliseconds.
const clockStep = 20 * time.Millisecond

// Reopen opens a second watcher for a configuration that watches other files than the current one, or in
// another way; its nodes have the numbers of the current one. It replaces one that is already opening. When
// the second misses nothing, enforce is called: it makes the configuration current and calls adopt at that
// moment, or leaves everything as it was.
func (w *Files) Reopen(cfg *schema.Config, g *graph.Graph, poll *time.Duration, enforce func(adopt func())) {
	w.reopen(&reopening{cfg: cfg, graph: g, poll: poll, enforce: enforce})
}

// Reopening tells whether a second watcher is being opened.
func (w *Files) Reopening() bool { return w != nil && w.next != nil }

func (w *Files) reopen(next *reopening) {
	next.since = time.Now().Add(-clockStep)
	if before := w.next; before != nil {
		next.since = before.since
		next.places = append(next.places, before.places...)
	}
	w.next = next
	cfg, g, poll, since, inView := next.cfg, next.graph, next.poll, next.since, w.set
	w.opt.Go(func() {
		o := opened{set: watchset.New(cfg, g, w.git), watcher: newWatcher(w.opt.Disk)}
		if !o.open(w, poll, since, inView) || !w.opt.Post(Event{func() { w.reopened(next, o) }, o.watcher}) {
			_ = o.watcher.close() // it is not used
		}
	})
}

// open is reopen's work, outside the owner's goroutine. It is false if the owner has ended.
func (o *opened) open(w *Files, poll *time.Duration, since time.Time, inView *watchset.Set) bool {
	w.git.Rest()
	at := areaFor(o.set, w.git, w.opt.Own)
	found, ok := w.opt.layout(at, o.set, poll != nil)
	if !ok {
		return false
	}
	o.notes, o.err = o.watcher.begin(at, poll, found.ways)
	w.opt.Own.Temporary(o.watcher.scratch())
	if o.err != nil {
		_ = o.watcher.close() // nothing can be seen with it
		o.watcher = nil
		return true
	}
	ready := w.opt.allReady(o.watcher.ready()...)
	o.first = o.watcher.take()
	if ready && o.first.limited { // what has no watch is polled before anything depends on it
		poll, err := at.poll(0)
		if err == nil {
			if before := o.watcher.pollAll(poll); before != nil {
				_ = before.Close() // it has no errors
			}
			ready = w.opt.allReady(poll.Ready())
		}
	}
	if !ready || !o.confirm(w, 2*time.Since(since)) {
		return false
	}
	o.first.files = append(o.first.files, changedSince(o.set, inView, since, found.hung)...)
	o.roots = found.real
	touchables := o.set.Touchables()
	_, ok = w.opt.ask(touchables, func(i int) {
		if !w.times.knows(touchables[i]) {
			w.times.note(touchables[i])
		}
	})
	return ok
}

// confirm waits until the first watcher has reported what was written before the second one missed nothing: a
// poller may not have looked yet, and the second watcher knows only the new state. If that takes longer than
// patience, everything counts as changed. It is false if the owner has ended.
func (o *opened) confirm(w *Files, patience time.Duration) bool {
	passed := make(chan struct{})
	w.opt.post(func() { w.Sync(func() { close(passed) }) })
	timer := time.NewTimer(diskqueue.Patience + patience)
	defer timer.Stop()
	select {
	case <-passed:
	case <-timer.C:
		o.first.gone = append(o.first.gone, o.set.Roots()...)
	case <-w.opt.Context.Done():
		return false
	}
	return true
}

// changedSince lists the files that are new in view and were written since then. What happens to the others, the first
// watcher has seen; they may have been written before that, and are not read again for it. What is in hung is not asked.
func changedSince(set, inView *watchset.Set, since time.Time, hung []string) (files []seenFile) {
	for path := range set.Files(hung...) {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(since) && !inView.Wants(path) {
			files = append(files, seenFile{path: path})
		}
	}
	return files
}

// reopened makes current what the second watcher was opened for, once everything is reported that the first
// has seen, and what has changed while the second was opening: what both have seen is still known, nothing
// else is. Nodes that only the new configuration has begin after this, and get none of it.
func (w *Files) reopened(next *reopening, o opened) {
	next.opened = o
	w.Take()
	if o.watcher != nil {
		w.takeRules(o.first.files, true)
		w.opt.Disk.Add(diskqueue.Job{Paths: []string{next.cfg.Dir}, Do: func(int) { o.set.RulesChanged() }, Done: func([]bool) {}})
		w.look(o.set, nil, o.first.files, nil)
	}
	w.After(func() {
		if next != w.next { // there is a newer one
			w.opt.discard(o.watcher)
			return
		}
		w.next = nil
		w.opt.Note(o.notes...)
		w.opt.Note(o.first.notices...)
		if o.err != nil {
			w.opt.Notice(o.err.Error())
		}
		if adopt := func() { w.adopt(next) }; next.enforce == nil {
			adopt()
		} else {
			next.enforce(adopt)
		}
		if w.watcher != o.watcher { // it was refused, or there is none
			w.opt.discard(o.watcher)
			w.caughtUp()
			return
		}
		w.Take()
		w.hanging.announce(w.set)
		w.After(w.forget)
		w.look(w.set, append(o.first.gone, next.places...), nil, nil)
		w.caughtUp()
		w.opt.Opened()
	})
}

// adopt makes the second watcher the first, if there is one.
func (w *Files) adopt(next *reopening) {
	if next.watcher == nil {
		return
	}
	old, before := w.watcher, w.set
	w.view = view{next.cfg, next.graph, next.set}
	w.poll, w.watcher, w.mounts.roots = next.poll, next.watcher, next.roots
	for _, barrier := range old.waits { // barriers now wait for the new watcher
		w.Sync(barrier.then)
	}
	w.opt.discard(old)
	if next.ruled {
		w.rulesChanged()
	}
	for _, path := range before.Touchables() {
		if !w.set.Touchable(path) {
			w.times.forget(path)
		}
	}
}

// caughtUp calls what waits for a second watcher, or for other rules.
func (w *Files) caughtUp() {
	if w.next != nil || w.base.ruled {
		return
	}
	waiting := w.waiting
	w.waiting = nil
	for _, then := range waiting {
		w.Sync(then)
	}
}

// TakeMounts opens a watcher again where a mount has changed what is seen: the old watches report only what
// was there before.
func (w *Files) TakeMounts() {
	changed := w.mounts.table.Take()
	at, roots := areaFor(w.set, w.git, w.opt.Own), w.mounts.roots
	found := make([][]string, len(changed))
	w.opt.Disk.Add(diskqueue.Job{
		Paths: changed,
		Do:    func(i int) { found[i] = placesOf(roots, changed[i:i+1], at.Reach) },
		Done: func(hung []bool) {
			var places []string
			for i := range changed {
				if hung == nil || !hung[i] {
					places = append(places, found[i]...)
				}
			}
			w.lookAnew(places)
		},
	})
}

// lookAnew opens a second watcher for places where something was mounted or unmounted. Where files are polled
// this is not needed.
func (w *Files) lookAnew(places []string) {
	if len(places) == 0 || w.poll != nil {
		return
	}
	for _, place := range places {
		w.opt.Notice(fmt.Sprintf("something was mounted or unmounted at %s: scanning it again", place))
	}
	next := &reopening{places: places}
	if opening := w.next; opening != nil {
		next.cfg, next.graph, next.poll, next.enforce = opening.cfg, opening.graph, opening.poll, opening.enforce
	} else {
		next.cfg, next.graph = w.opt.Config()
	}
	w.reopen(next)
}
