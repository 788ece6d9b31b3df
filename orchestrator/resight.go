package orchestrator

import (
	"os"
	"path/filepath"
	"time"

	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
)

// rewatch sees with the eyes of the new configuration: a second sight opens, and
// takes the place of the first once it misses nothing. Both are looked at until
// then; what they both see is one change, since contents are compared.
func (l *loop) rewatch() {
	l.set = watchset.New(l.cfg, l.graph, l.git)
	for _, path := range l.set.Touchables() {
		if _, known := l.touched[path]; !known {
			l.noteTime(path)
		}
	}
	next := &sight{}
	set := l.set
	since := time.Now().Add(-clockStep)
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
	if changes := l.suspectBelow(l.remounted); len(changes) > 0 {
		l.step(machine.FilesChanged{Changes: changes})
	}
	l.remounted = nil
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

// mountsWake holds an element when something may have been mounted, once the
// first sight is there.
func (l *loop) mountsWake() <-chan struct{} {
	if !l.stream.started {
		return nil
	}
	return l.mounts.Wake()
}

// takeMounts looks anew where something has been mounted or unmounted: what is
// watched below is not what is there.
func (l *loop) takeMounts() {
	if l.polling() != nil {
		return // whoever looks again and again sees it
	}
	mounts := l.mounts.Take()
	if len(mounts) == 0 {
		return
	}
	places := remounted(mounts, l.set.Roots(), l.set.Descend)
	if len(places) == 0 {
		return
	}
	for _, dir := range places {
		l.git.Invalidate(filepath.Join(dir, ".gitignore"))
	}
	l.remounted = append(l.remounted, places...)
	l.rewatch()
}

// remounted lists the directories of which other files are seen now: those below
// the roots where a file system has come or gone, where descend lets in, and the
// roots that lie on such a one.
func remounted(mounts, roots []string, descend func(string) bool) (places []string) {
	for _, root := range roots {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			real = root
		}
		for _, at := range mounts {
			if _, inside := fspoll.Within(real, at); inside {
				places = append(places, root)
			} else if rel, below := fspoll.Within(at, real); below && reaches(filepath.Join(root, rel), root, descend) {
				places = append(places, filepath.Join(root, rel))
			}
		}
	}
	return places
}

// reaches tells whether descend lets in from the root to the directory.
func reaches(dir, root string, descend func(string) bool) bool {
	for ; dir != root; dir = filepath.Dir(dir) {
		if !descend(dir) {
			return false
		}
	}
	return true
}
