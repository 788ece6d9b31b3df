package orchestrator

import (
	"errors"
	"os"
	"time"

	"devloop/orchestrator/watchset"
)

// rewatch sees with the eyes of the new configuration: a second sight opens, and
// takes the place of the first once it misses nothing. Both are looked at until
// then; what they both see is one change, since contents are compared.
func (l *loop) rewatch() {
	l.set = watchset.New(l.cfg, l.graph, l.git)
	l.findRoots()
	for _, path := range l.set.Touchables() {
		if _, known := l.touched[path]; !known {
			l.noteTime(path)
		}
	}
	next := &sight{}
	set := l.set
	since := time.Now().Add(-clockStep)
	if l.resighting { // the sight that is opening will not be looked at
		since = l.unseenSince
	}
	l.unseenSince = since
	notes, err := next.open(rootsOf(set, l.git), set.Descend, l.wants(set), l.polling())
	l.note(notes)
	if err != nil {
		l.say.notice(err.Error())
		l.sighted()
		return
	}
	l.resighting = true
	sights := next.ready()
	l.goroutine(func() {
		if !l.allReady(sights...) {
			_ = next.close() // nobody will look
			return
		}
		select {
		case l.events <- resightedEvent{next, set, changedSince(set, since)}:
		case <-l.ctx.Done():
			_ = next.close()
		}
	})
}

// closeUnseen closes the sights that have opened, and that nobody has looked at.
// No goroutine posts any more.
func (l *loop) closeUnseen() error {
	var errs []error
	for {
		select {
		case ev := <-l.events:
			if unseen, ok := ev.(resightedEvent); ok {
				errs = append(errs, unseen.sight.close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}

// clockStep is what the clock that stamps files may be behind: it ticks in steps
// of some milliseconds.
const clockStep = 20 * time.Millisecond

// resightedEvent says that a second sight misses nothing any more.
type resightedEvent struct {
	sight *sight
	set   *watchset.Set
	late  []sighted // what may have changed while it was opening
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

// resighted makes the second sight the first.
func (l *loop) resighted(ev resightedEvent) {
	if ev.set != l.set { // there is a newer one already
		if err := ev.sight.close(); err != nil {
			l.say.notice(err.Error())
		}
		return
	}
	l.takeChanges()
	old := l.sight
	l.sight = ev.sight
	for _, w := range old.waits { // whoever waits for a barrier waits for a new one
		if !l.sight.sync(w.then) {
			w.then()
		}
	}
	if err := old.close(); err != nil {
		l.say.notice(err.Error())
	}
	l.seen(ev.late)
	l.sighted()
	l.say.watching()
	l.learn()
}

// sighted lets those go on who wait for a second sight.
func (l *loop) sighted() {
	waiting := l.unsighted
	l.resighting, l.unsighted = false, nil
	for _, then := range waiting {
		if !l.sight.sync(then) {
			then()
		}
	}
}
