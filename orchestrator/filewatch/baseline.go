package filewatch

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

// baseline is what is known of the watched files, so that saving the same bytes is
// no change.
type baseline struct {
	contents *contents.Store
	names    names
	reading  bool           // what files hold is being read
	past     *contents.Past // what was known before that; nil if nothing is to be read
	ruled    bool           // since then, other files may have come into sight
	checked  *watchset.Set  // whose patterns that match nothing people know of
}

// Reading it takes seconds of a processor in a large tree, and nobody waits for
// it: it gives way to the stages that people do wait for. It works for a slice
// of time, asks whether stages run, and if they do, pauses for nine. What has
// been read counts from the next barrier on, of which there is one about every
// readTrust; where files are polled there is one at the end, because it costs a
// look at all of them.
const (
	readSlice = 5 * time.Millisecond
	readPause = 9 * readSlice
	readTrust = 250 * time.Millisecond
)

// forget makes everything unknown that is known of files, and has it read
// again. That is the one rule wherever what is seen, or how, is not what it was: files
// come into sight or go out of it, or something may have gone by unseen. Who must
// run for it is another question.
func (w *Files) forget() {
	if past := w.base.contents.Forget(); w.base.past == nil {
		w.base.past = past
	} else {
		w.base.past.Add(past)
	}
	w.ReadBaseline()
}

// ReadBaseline reads every watched file once, beside everything else, so that
// already the first save of the same bytes is known to be none. With it the start is
// over, and what it used is given back. A reading that is going on and counts no
// more begins again when it notices.
func (w *Files) ReadBaseline() {
	if w.base.reading {
		return
	}
	w.base.reading = true
	v, git, r := w.view, w.git, baselineReader{files: w, set: w.set, lesson: w.base.contents.Lesson()}
	if w.base.ruled {
		r.past = w.base.past
	}
	check, checked := inspect.NewPatternCheck(v.cfg, v.graph, v.set), v.set == w.base.checked
	w.opt.Go(func() {
		pack := newPacker()
		done := r.read(func(path string) {
			check.See(path)
			pack.add(path)
		})
		if done && !checked {
			r.warnings = check.Warnings()
		}
		if done {
			w.base.names.replace(pack.packed())
			git.Rest()
			memrelease.Release()
		}
		w.opt.post(func() { w.baselineRead(&r) })
	})
}

// baselineReader reads all files once, in another goroutine than the owner's.
type baselineReader struct {
	files    *Files // which the owner's goroutine has
	set      *watchset.Set
	lesson   *contents.Lesson
	past     *contents.Past  // if somebody waits for the files that it did not know
	arrived  []string        // these: they have come into sight
	warnings schema.Mistakes // of patterns that no file matched
}

// read is false if what it reads counts no more.
func (r *baselineReader) read(see func(string)) bool {
	began := time.Now()
	trusted := began
	for path := range r.set.Files() {
		if time.Since(began) > readSlice {
			if !r.lesson.Counts() || r.past == nil && !r.giveWay() {
				return false
			}
			if time.Since(trusted) > readTrust {
				if !r.trust(false) {
					return false
				}
				trusted = time.Now()
			}
			began = time.Now()
		}
		r.lesson.Learn(path)
		see(path)
		if r.past != nil && !r.past.Knew(path) {
			r.arrived = append(r.arrived, path)
		}
	}
	return r.trust(true) && r.lesson.End()
}

// trust has the owner rely on what was read, once it has seen everything that was
// written before. It is false if the owner has ended.
func (r *baselineReader) trust(atEnd bool) bool {
	w, passed := r.files, make(chan struct{})
	learned := w.git.Learned()
	w.opt.post(func() {
		if !atEnd && w.watcher.poll != nil {
			close(passed)
			return
		}
		w.Sync(func() {
			r.lesson.Rely()
			learned()
			close(passed)
		})
	})
	return w.opt.allReady(passed)
}

// giveWay lets stages that run have the machine for a while. It is false if
// the owner has ended.
func (r *baselineReader) giveWay() bool {
	opt, busy := &r.files.opt, make(chan bool, 1)
	opt.post(func() { busy <- opt.Busy() })
	select {
	case is := <-busy:
		if !is {
			return true
		}
	case <-opt.Context.Done():
		return false
	}
	select {
	case <-time.After(readPause):
		return true
	case <-opt.Context.Done():
		return false
	}
}

// baselineRead counts the files that have come into sight, and warns of patterns
// that match nothing, once for what is watched; or it begins again.
func (w *Files) baselineRead(r *baselineReader) {
	w.base.reading = false
	// What has been seen since then was told already, and the next lesson may or
	// may not know of these.
	if arrived := slices.DeleteFunc(r.arrived, w.base.past.Knew); len(arrived) > 0 {
		for _, path := range arrived {
			w.base.past.Meet(path)
		}
		w.arrived(arrived)
	}
	if !r.lesson.Stands() || r.set != w.set {
		w.ReadBaseline()
		return
	}
	w.base.past, w.base.ruled = nil, false
	w.After(w.caughtUp)
	if r.set != w.base.checked {
		w.base.checked = r.set
		for _, mistake := range r.warnings {
			w.opt.Notice(mistake.Text("warning"))
		}
	}
}

// arrived counts files as changed that have come into sight.
func (w *Files) arrived(paths []string) {
	set, nodes := w.set, make([][]int, len(paths))
	w.opt.Disk.Add(diskqueue.Job{
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
				w.opt.Changed(changes)
			}
		},
	})
}
