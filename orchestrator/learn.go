package orchestrator

import (
	"slices"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/inspect"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// Learning takes seconds of a processor in a large tree, and nobody waits for
// it: it gives way to the stages that people do wait for. It works for a slice
// of time, asks whether stages run, and if they do, pauses for nine. What has
// been read counts from the next barrier on, of which there is one about every
// learnTrust; where files are polled there is one at the end, because it costs a
// look at all of them.
const (
	learnSlice = 5 * time.Millisecond
	learnPause = 9 * learnSlice
	learnTrust = 250 * time.Millisecond
)

// learn reads every watched file once, beside everything else, so that already
// the first save of the same bytes is known to be none. With it the start is
// over, and what it used is given back. A lesson that is going on and counts no
// more begins again when it notices.
func (w *filewatch) learn() {
	if w.learning {
		return
	}
	w.learning = true
	set, git, s := w.set, w.git, studies{lesson: w.contents.Lesson()}
	if w.ruled {
		s.past = w.past
	}
	check, told := inspect.NewPatternCheck(w.cfg, w.graph, set), set == w.unmatched
	w.host.goroutine(func() {
		pack := newPacker()
		done := w.study(&s, set, func(path string) {
			check.See(path)
			pack.add(path)
		})
		var warnings schema.Mistakes
		if done && !told {
			warnings = check.Warnings()
		}
		if done {
			w.names.replace(pack.packed())
			git.Rest()
			memrelease.Settle()
		}
		w.host.post(learnedEvent{s.lesson, set, s.arrived, warnings})
	})
}

// studies is what one goroutine learns.
type studies struct {
	lesson  *contents.Lesson
	past    *contents.Past // if somebody waits for the files that it did not know
	arrived []string       // these
}

// study is learn's work, in another goroutine than the loop's. It is false if
// the lesson counts no more.
func (w *filewatch) study(s *studies, set *watchset.Set, see func(string)) bool {
	lesson := s.lesson
	began := time.Now()
	trusted := began
	for path := range set.Files() {
		if time.Since(began) > learnSlice {
			if !lesson.Counts() || s.past == nil && !w.giveWay() {
				return false
			}
			if time.Since(trusted) > learnTrust {
				if !w.trust(lesson, false) {
					return false
				}
				trusted = time.Now()
			}
			began = time.Now()
		}
		lesson.Learn(path)
		see(path)
		if s.past != nil && !s.past.Knew(path) {
			s.arrived = append(s.arrived, path)
		}
	}
	return w.trust(lesson, true) && lesson.End()
}

// trust has the loop rely on what was learned, once it has seen everything that
// was written before. It is false if the loop has ended.
func (w *filewatch) trust(lesson *contents.Lesson, atEnd bool) bool {
	passed, learned := make(chan struct{}), w.git.Learned()
	ask := func() {
		then := func() {
			lesson.Rely()
			learned()
			close(passed)
		}
		if !atEnd && w.sight.poll != nil {
			close(passed)
		} else {
			w.sync(then)
		}
	}
	select {
	case w.host.asks <- ask:
	case <-w.host.ctx.Done():
		return false
	}
	return allReady(w.host.ctx, passed)
}

// learned counts the files that have come into sight, and tells of patterns that match
// nothing, once for what is watched; or it begins again.
func (w *filewatch) learned(ev learnedEvent) {
	w.learning = false
	// What has been seen since then was told already, and the next lesson may or
	// may not know of these.
	if arrived := slices.DeleteFunc(ev.arrived, w.past.Knew); len(arrived) > 0 {
		for _, path := range arrived {
			w.past.Meet(path)
		}
		w.arrived(arrived)
	}
	if !ev.lesson.Stands() || ev.set != w.set {
		w.learn()
		return
	}
	w.past, w.ruled = nil, false
	w.after(w.caughtUp)
	if ev.set != w.unmatched {
		w.unmatched = ev.set
		for _, mistake := range ev.warnings {
			w.host.warn(mistake.Text("warning"))
		}
	}
}

// arrived counts files as changed that have come into sight.
func (w *filewatch) arrived(paths []string) {
	set, nodes := w.set, make([][]int, len(paths))
	w.disk.Add(diskqueue.Job{
		Paths: paths,
		Do:    func(i int) { nodes[i] = set.Wakes(paths[i]) },
		Done: func(hung []bool) {
			var changes []machine.Change
			for i, path := range paths {
				if (hung == nil || !hung[i]) && len(nodes[i]) > 0 {
					changes = append(changes, machine.Change{Path: path, Nodes: nodes[i]})
				}
			}
			if len(changes) > 0 {
				w.host.changed(changes)
			}
		},
	})
}

// giveWay lets stages that run have the machine for a while. It is false if
// the loop has ended.
func (w *filewatch) giveWay() bool {
	busy := make(chan bool, 1)
	select {
	case w.host.asks <- func() { busy <- w.host.working() }:
	case <-w.host.ctx.Done():
		return false
	}
	if !<-busy {
		return true
	}
	return w.pause(learnPause)
}

// pause waits, in another goroutine than the loop's. It is false if the loop has
// ended.
func (w *filewatch) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-w.host.ctx.Done():
		return false
	}
}

// learnedEvent says that every watched file has been read, or that what was read
// counts no more.
type learnedEvent struct {
	lesson   *contents.Lesson
	set      *watchset.Set
	arrived  []string        // files that have come into sight
	warnings schema.Mistakes // of patterns that no file matched
}
