package orchestrator

import (
	"errors"
	"os"
	"slices"
	"time"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
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

	set   *watchset.Set
	sight *sight
	since time.Time // what is new in sight counts from then on
	first batch     // what the sight has seen while it was opening, and what was written meanwhile
}

// reopenedEvent says that a second sight misses nothing any more.
type reopenedEvent struct{ *reopening }

// clockStep is what the clock that stamps files may be behind: it ticks in steps
// of some milliseconds.
const clockStep = 20 * time.Millisecond

// reopen opens a second sight for what next says. One that is opening already is
// not waited for any more. Its error leaves everything as it is.
func (l *loop) reopen(next *reopening) error {
	next.since = time.Now().Add(-clockStep)
	if before := l.next; before != nil {
		next.since = before.since
		next.places = append(next.places, before.places...)
	}
	l.next = next
	next.set, next.sight = watchset.New(next.cfg, next.graph, l.git), &sight{}
	poll := l.pollingOf(next.cfg)
	at := l.area(next.set)
	notes, err := next.sight.open(at, poll)
	l.own.dir(next.sight.scratch())
	l.note(notes)
	if err != nil {
		next.sight, l.next = nil, nil
		l.caughtUp()
		return err
	}
	l.goroutine(func() {
		ready := l.allReady(next.sight.ready()...)
		next.first = next.sight.take()
		if ready && next.first.limited { // what has no watch is polled before anything depends on it
			poll, err := at.poll(0)
			if err == nil {
				if before := next.sight.pollAll(poll); before != nil {
					_ = before.Close() // it has no errors
				}
				ready = l.allReady(poll.Ready())
			}
		}
		if !ready {
			_ = next.sight.close() // nobody will look
			return
		}
		next.first.files = append(next.first.files, changedSince(next.set, next.since)...)
		select {
		case l.events <- reopenedEvent{next}:
		case <-l.ctx.Done():
			_ = next.sight.close()
		}
	})
	return nil
}

// closeUnseen closes the sights that have opened, and that nobody has looked at.
// No goroutine posts any more.
func (l *loop) closeUnseen() error {
	var errs []error
	for {
		select {
		case ev := <-l.events:
			if unseen, ok := ev.(reopenedEvent); ok {
				errs = append(errs, unseen.sight.close())
			}
		default:
			return errors.Join(errs...)
		}
	}
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

// reopened puts in force what the second sight was opened for.
func (l *loop) reopened(ev reopenedEvent) {
	next := ev.reopening
	if next != l.next { // there is a newer one already
		l.closeBeside(next.sight)
		return
	}
	l.takeChanges() // what the first has seen
	l.next = nil
	switch {
	case l.machine.Ending():
	case next.cfg == l.cfg:
		l.adopt(next, l.graph)
	default:
		err := l.reconfigure(next)
		if err == nil {
			err = next.broken
		}
		l.reloaded(next.sources, err)
	}
	if l.sight != next.sight { // it was refused
		l.closeBeside(next.sight)
		l.caughtUp()
		return
	}
	l.takeChanges()
	l.forget()
	if changes := l.below(append(next.first.gone, next.places...)...); len(changes) > 0 {
		l.step(machine.FilesChanged{Changes: changes})
	}
	l.caughtUp()
	l.say.watching()
}

// adopt makes the second sight the first. The nodes of the graph before learn of
// what has changed while it was opening, and the others have nothing to learn: they
// begin after it.
func (l *loop) adopt(next *reopening, graph *graph.Graph) {
	old, before := l.sight, l.set
	l.sight, l.set = next.sight, next.set
	for _, w := range old.waits { // whoever waits for a barrier waits for a new one
		if !l.sight.sync(w.then) {
			w.then()
		}
	}
	l.closeBeside(old)
	l.findRoots()
	for _, path := range before.Touchables() {
		if !l.set.Touchable(path) {
			delete(l.touched, path)
		}
	}
	for _, path := range l.set.Touchables() {
		if !before.Touchable(path) {
			l.noteTime(path)
		}
	}
	l.note(next.first.notices)
	if next.ruled {
		l.rulesChanged()
	}
	l.takeRules(next.first.files)
	// What was known is still true of what both have seen; nothing is known of the rest.
	var ev machine.FilesChanged
	for _, c := range l.changesOf(next.first.files) {
		c.Nodes = slices.DeleteFunc(c.Nodes, func(i int) bool { return i >= len(graph.Nodes) || graph.Nodes[i].Gone })
		if len(c.Nodes) > 0 {
			ev.Changes = append(ev.Changes, c)
		}
	}
	if len(ev.Changes) > 0 {
		l.step(ev)
	}
}

// closeBeside closes a sight that nobody looks at any more, without waiting for it.
func (l *loop) closeBeside(s *sight) {
	l.goroutine(func() {
		_ = s.close() // nothing is to be seen with it, and nothing can be done
	})
}

// caughtUp lets those go on who wait for a second sight.
func (l *loop) caughtUp() {
	waiting := l.unsighted
	l.unsighted = nil
	for _, then := range waiting {
		if !l.sight.sync(then) {
			then()
		}
	}
}
