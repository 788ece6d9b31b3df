package orchestrator

import (
	"os"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// reopening is a second sight that opens, because something else is to be watched
// than before, or in another way. It takes the place of the first once it misses nothing,
// and only then the configuration that asks for it is put in force: until
// then both are as they were. So whatever runs for the new configuration begins when
// all that it may read is watched, as at the start.
type reopening struct {
	cfg     *schema.Config
	graph   *graph.Graph // with the numbers of the one in force
	sources []string     // that the configuration, or a later one that has mistakes, was read from
	broken  error        // the mistakes of the later one
	unseen  bool         // the configuration was read to be sure: no change of it has been seen
	places  []string     // where something was mounted or unmounted
	ruled   bool         // what git ignores has changed while the sight was opening
	since   time.Time    // what is new in sight counts from then on

	opened // once it is
}

// opened is what a second sight has come to.
type opened struct {
	set   *watchset.Set
	sight *sight            // nil if it could not be opened
	roots map[string]string // of set, and their paths without links
	first batch             // what it has seen until then, and what was written meanwhile
	notes []string
	err   error
}

// reopenedEvent says that a second sight misses nothing any more, or could not be
// opened.
type reopenedEvent struct {
	next *reopening
	opened
}

// clockStep is what the clock that stamps files may be behind: it ticks in steps
// of some milliseconds.
const clockStep = 20 * time.Millisecond

// reopen opens a second sight for what next says. One that is opening already is
// not waited for any more.
func (w *filewatch) reopen(next *reopening, poll *time.Duration) {
	next.since = time.Now().Add(-clockStep)
	if before := w.next; before != nil {
		next.since = before.since
		next.places = append(next.places, before.places...)
	}
	w.next = next
	cfg, g, since := next.cfg, next.graph, next.since
	w.host.goroutine(func() {
		o := opened{set: watchset.New(cfg, g, w.git), sight: newSight(w.disk)}
		if !w.open(&o, poll, since) || !w.host.hand(reopenedEvent{next, o}) {
			_ = o.sight.close() // nobody will look
		}
	})
}

// open is reopen's work, in another goroutine than the loop's. It is false if the
// loop has ended.
func (w *filewatch) open(o *opened, poll *time.Duration, since time.Time) bool {
	w.git.Rest()
	at := w.area(o.set)
	o.notes, o.err = o.sight.open(at, poll)
	w.own.temporary(o.sight.scratch())
	if o.err != nil {
		_ = o.sight.close() // nothing is to be seen with it
		o.sight = nil
		return true
	}
	ready := allReady(w.host.ctx, o.sight.ready()...)
	o.first = o.sight.take()
	if ready && o.first.limited { // what has no watch is polled before anything depends on it
		poll, err := at.poll(0)
		if err == nil {
			if before := o.sight.pollAll(poll); before != nil {
				_ = before.Close() // it has no errors
			}
			ready = allReady(w.host.ctx, poll.Ready())
		}
	}
	if !ready || !w.confirm(o, 2*time.Since(since)) {
		return false
	}
	o.first.files = append(o.first.files, changedSince(o.set, since)...)
	for _, path := range w.git.Stale() {
		o.first.files = append(o.first.files, sighted{path: path})
	}
	o.roots = unlinkedRoots(o.set)
	for _, path := range o.set.Touchables() {
		if !w.times.knows(path) {
			w.times.note(path)
		}
	}
	return true
}

// confirm waits until the first sight has told what was written before the second
// one missed nothing: polled, it may not have looked yet, and the second one knows
// no other state. If it does not come to an end within patience, everything counts
// as changed. It is false if the loop has ended.
func (w *filewatch) confirm(o *opened, patience time.Duration) bool {
	passed := make(chan struct{})
	select {
	case w.host.asks <- func() { w.sync(func() { close(passed) }) }:
	case <-w.host.ctx.Done():
		return false
	}
	timer := time.NewTimer(diskqueue.Patience + patience)
	defer timer.Stop()
	select {
	case <-passed:
	case <-timer.C:
		o.first.gone = append(o.first.gone, o.set.Roots()...)
	case <-w.host.ctx.Done():
		return false
	}
	return true
}

// changedSince lists the watched files that were written since then.
func changedSince(set *watchset.Set, since time.Time) (files []sighted) {
	for path := range set.Files() {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(since) {
			files = append(files, sighted{path: path})
		}
	}
	return files
}

// reopened puts in force what the second sight was opened for, once everything is
// told that the first has seen, and what has changed while the second was opening:
// what was known is still true of what both have seen, and nothing is known of the
// rest. Nodes that only the new configuration has learn nothing of it: they begin
// after it.
func (l *loop) reopened(ev reopenedEvent) {
	w := l.files
	ev.next.opened = ev.opened
	w.take()
	if ev.sight != nil {
		w.takeRules(ev.first.files)
		w.disk.Add(diskqueue.Job{Paths: []string{ev.next.cfg.Dir}, Do: func(int) { ev.set.RulesChanged() }, Done: func([]bool) {}})
		w.lookWith(ev.set, nil, ev.first.files, nil)
	}
	w.after(func() {
		if ev.next != w.next { // there is a newer one already
			l.discard(ev.sight)
			return
		}
		w.next = nil
		l.note(ev.notes...)
		l.note(ev.first.notices...)
		if ev.err != nil {
			l.screen.Notice(ev.err.Error())
		}
		l.enforce(ev.next)
		if w.sight != ev.sight { // it was refused, or there is none
			l.discard(ev.sight)
			w.caughtUp()
			return
		}
		w.take()
		w.after(w.forget)
		w.look(append(ev.first.gone, ev.next.places...), nil, nil)
		w.caughtUp()
		l.watching()
	})
}

// enforce puts a configuration in force, for which a second sight was opened, or
// the sight alone.
func (l *loop) enforce(next *reopening) {
	switch {
	case l.machine.Ending():
	case next.cfg != l.cfg:
		err := l.reconfigure(next)
		if err == nil {
			err = next.broken
		}
		l.reloaded(next.sources, err)
	case next.sight != nil:
		l.files.adopt(next)
	}
}

// adopt makes the second sight the first.
func (w *filewatch) adopt(next *reopening) {
	old, before := w.sight, w.set
	w.cfg, w.graph, w.sight, w.set, w.mounted.roots = next.cfg, next.graph, next.sight, next.set, next.roots
	for _, barrier := range old.waits { // whoever waits for a barrier waits for a new one
		w.sync(barrier.then)
	}
	w.host.discard(old)
	if next.ruled {
		w.rulesChanged()
	}
	for _, path := range before.Touchables() {
		if !w.set.Touchable(path) {
			w.times.forget(path)
		}
	}
}

// caughtUp lets those go on who wait for a second sight, or for other rules.
func (w *filewatch) caughtUp() {
	if w.next != nil || w.ruled {
		return
	}
	waiting := w.unsighted
	w.unsighted = nil
	for _, then := range waiting {
		w.sync(then)
	}
}
