package orchestrator

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

// sources watches the files of the configuration, by a sight of their own.
type sources struct {
	*sight
	paths    []string        // of the files, sorted: those in force, and those of a load that failed
	polling  *time.Duration  // as the loop's when it was opened
	contents *contents.Store // what they held when they were read
	open     bool            // the sight misses nothing any more
	after    []func()        // what waits for the reading that is due then
	due      time.Time       // when they are to be read again; zero: not at all
	began    time.Time       // when they were read last
	unseen   bool            // no change of them has been seen: they are read to be sure
	since    time.Time       // when broken was noticed
	broken   error           // why they could not be read the last time
	prints   []string        // of the nodes, by number, as they are in force
}

// openSources begins to watch these files of the configuration. What is written
// before all of them are watched is seen by reading them once more then.
func (l *loop) openSources(paths []string) error {
	if l.opt.Reload == nil || l.opt.Once {
		return nil
	}
	src := &sources{sight: newSight(l.disk), paths: paths, polling: l.polling(), contents: contents.New()}
	notes, err := src.sight.open(src.area(), src.polling)
	l.own.temporary(src.scratch())
	l.note(notes...)
	if err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	if old := l.sources; old != nil {
		src.broken, src.since, src.prints, src.after, src.began = old.broken, old.since, old.prints, old.after, old.began
		for _, w := range old.waits { // whoever waits for a barrier waits for the new sight
			src.after = append(src.after, w.then)
		}
	} else {
		for _, n := range l.graph.Nodes {
			src.prints = append(src.prints, l.fingerprint(l.cfg, n))
		}
	}
	l.sources = src
	sights := src.ready()
	l.goroutine(func() {
		if allReady(l.ctx, sights...) {
			l.post(sourcedEvent{src})
		}
	})
	return nil
}

// sourcedEvent says that the sight of the configuration's files misses nothing
// any more, or sees where it could not see before.
type sourcedEvent struct{ sources *sources }

// sourced reads what may have been written while nobody looked.
func (l *loop) sourced(ev sourcedEvent) {
	src := ev.sources
	if src != l.sources { // there is a newer one already
		return
	}
	src.open, src.unseen = true, src.unseen || src.due.IsZero()
	src.changed(src.paths, func(bool, bool) { // what they hold now is read right after
		src.due = time.Now()
		l.reloadDue()
	})
}

// area is these files, and nothing beside them.
func (s *sources) area() area {
	return area{s.paths, fspoll.Reach{Descend: func(string) bool { return false }, Want: s.has}}
}

// has tells whether a file is one of them.
func (s *sources) has(path string) bool {
	_, found := slices.BinarySearch(s.paths, path)
	return found
}

// changed finds out whether any of the files holds something else than when it
// was looked at last, and whether any was written after the last reading began:
// that may have met something else, which is gone by now.
func (s *sources) changed(paths []string, then func(changed, written bool)) {
	changed, written, began := make([]bool, len(paths)), make([]bool, len(paths)), s.began
	s.disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			changed[i] = s.contents.Settle(paths[i]).Changed
			info, err := os.Stat(paths[i])
			written[i] = err == nil && info.ModTime().After(began.Add(-clockStep))
		},
		Done: func(hung []bool) {
			for i := range hung { // who cannot be read cannot be read again
				changed[i], written[i] = changed[i] && !hung[i], written[i] && !hung[i]
			}
			then(slices.Contains(changed, true), slices.Contains(written, true))
		},
	})
}

// sync is that of a sight, also while that one is opening.
func (s *sources) sync(then func()) (pending bool) {
	if !s.open {
		s.after = append(s.after, then)
		return true
	}
	return s.sight.sync(then)
}

func (s *sources) wake() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.sight.wake()
}

func (s *sources) pollWake() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.sight.pollWake()
}

// takeSources notes that a file of the configuration has changed. Whoever waits for
// a barrier has all of them looked at: polling tells of files, and not of a FIFO or
// a directory that has come instead of one.
func (l *loop) takeSources() {
	src := l.sources
	seen := src.take()
	l.note(seen.notices...)
	if seen.limited {
		l.degradeSources()
	}
	paths := pathsOf(seen.files)
	if len(seen.passed) > 0 {
		paths = src.paths
	}
	src.changed(paths, func(changed, written bool) { l.sourcesSeen(seen, changed, written) })
}

// sourcesSeen has the configuration read again, if a file of it has changed, or may
// have been another one when it was read.
func (l *loop) sourcesSeen(seen batch, changed, written bool) {
	if seen.lost || changed || len(seen.gone) > 0 || l.sources.broken != nil && len(seen.files) > 0 {
		l.sources.due, l.sources.unseen = time.Now().Add(reloadQuiet), false
	} else if written && l.sources.due.IsZero() {
		l.sources.due, l.sources.unseen = time.Now().Add(reloadQuiet), true
	}
	switch { // whoever waits, waits for what was written until now
	case l.reading.hangs(): // which is known to be wrong
		for _, then := range seen.passed {
			then()
		}
	case len(seen.passed) > 0 && !l.sources.due.IsZero():
		l.sources.after = append(l.sources.after, seen.passed...)
		if l.started { // else it is read then
			l.reloadConfig()
		}
	case l.reading != nil && l.reading.again:
		l.sources.after = append(l.sources.after, seen.passed...)
	case l.reading != nil:
		l.reading.after = append(l.reading.after, seen.passed...)
	default:
		for _, then := range seen.passed {
			then()
		}
	}
}

// degradeSources polls the files of the configuration, since there was no watch
// left for them.
func (l *loop) degradeSources() {
	src := l.sources
	if src.poll != nil && !src.part {
		return
	}
	poll, err := src.area().poll(0)
	if err != nil {
		l.screen.Notice(err.Error())
		return
	}
	host := l.watchHost()
	host.pollInPlace(src.pollAll(poll), poll, sourcedEvent{src})
}

// sourcePaths are the files of both lists, sorted.
func sourcePaths(lists ...[]string) []string {
	paths := slices.Concat(lists...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// resource watches other files for the next change of the configuration.
func (l *loop) resource(paths []string) {
	old := l.sources
	if err := l.openSources(paths); err != nil {
		l.screen.Notice(err.Error())
		return
	}
	l.discard(old.sight)
}

// mistakes are those of the configuration as it is written now; nil if there are
// none.
func (s *sources) mistakes() *control.Mistakes {
	if s == nil || s.broken == nil {
		return nil
	}
	m := &control.Mistakes{Since: s.since}
	var list schema.Mistakes
	if !errors.As(s.broken, &list) {
		m.List = []string{s.broken.Error()}
	}
	for _, mistake := range list {
		m.List = append(m.List, mistake.Pos.String()+": "+mistake.Msg)
	}
	return m
}
