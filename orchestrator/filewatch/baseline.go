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

// baseline is what is known of the watched files, so that saving the same bytes is not a change.
type baseline struct {
	contents *contents.Store
	names    names
	reading  bool            // file contents are being read
	past     *contents.Past  // what was known before; nil if nothing is to be read
	ruled    bool            // since then, other files may have come into view
	told     map[string]bool // those that have been reported since; past cannot say, since an interrupted reading may have added them
	checked  *watchset.Set   // the set whose patterns that match nothing have been reported
}

// Reading the baseline takes seconds of CPU time in a large tree, and nothing waits for it, so it gives way
// to stages: it works for a slice of time, and if stages run, pauses nine times as long. What has been read
// counts from the next barrier on, about every readTrust; where files are polled there is only one at the
// end, because it costs a look at all of them.
const (
	readSlice = 5 * time.Millisecond
	readPause = 9 * readSlice
	readTrust = 250 * time.Millisecond
)

// forget drops all that is known of files, and has it read again. It is called whenever what is watched, or
// how, has changed: files come into view or leave it, or a change may have been missed. Which nodes must run
// because of that is decided elsewhere.
func (w *Files) forget() {
	if w.opt.Sums != nil {
		w.base.contents.Keep(w.opt.Sums())
	}
	if past := w.base.contents.Forget(); w.base.past == nil {
		w.base.past = past
	} else {
		w.base.past.Add(past)
	}
	w.ReadBaseline()
}

// ReadBaseline reads every watched file once, in the background, so that even the first save of the same
// bytes is known not to be a change. It ends the start, and releases what that used. A reading that no longer
// counts begins again when it notices.
func (w *Files) ReadBaseline() {
	if w.base.reading {
		return
	}
	w.base.reading = true
	v, git, r := w.view, w.git, baselineReader{files: w, set: w.set, lesson: w.base.contents.Lesson(), hung: slices.Clone(w.hanging.held)}
	if w.base.ruled {
		r.past = w.base.past
	}
	checked := v.set == w.base.checked
	w.opt.Go(func() {
		check, pack := inspect.NewPatternCheck(v.cfg, v.graph, v.set, git), newPacker() // the check looks at files
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

// baselineReader reads all files once, in its own goroutine.
type baselineReader struct {
	files    *Files // used by the owner's goroutine only
	set      *watchset.Set
	lesson   *contents.Lesson
	hung     []string        // places that do not respond
	past     *contents.Past  // if files that it did not know are to be found
	arrived  []string        // such files: they have come into view
	warnings schema.Mistakes // of patterns that no file matched
}

// read is false if what it reads no longer counts.
func (r *baselineReader) read(see func(string)) bool {
	began := time.Now()
	trusted := began
	for path := range r.set.Files(r.hung...) {
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

// trust lets the owner rely on what was read, once it has seen everything that was written before. It is
// false if that cannot be known, or the owner has ended.
func (r *baselineReader) trust(atEnd bool) bool {
	w, passed, ok := r.files, make(chan struct{}), true
	learned := w.git.Learned()
	w.opt.post(func() {
		if !atEnd && w.watcher.poll != nil {
			close(passed)
			return
		}
		w.Sync(func() {
			if ok = r.rely(); ok {
				learned()
			}
			close(passed)
		})
	})
	return w.opt.allReady(passed) && ok
}

// rely makes what was read count. It is false, and nothing of it does, if a place has begun to hang since the reading
// began: what was saved there is reported only when it responds, and may have been read by then.
func (r *baselineReader) rely() bool {
	if r.files.hanging.others(r.hung) {
		return false
	}
	r.lesson.Rely()
	return true
}

// giveWay pauses while stages run. It is false if the owner has ended.
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

// baselineRead counts files that have come into view as changed, and warns once of patterns that match
// nothing; or it begins again.
func (w *Files) baselineRead(r *baselineReader) {
	w.base.reading = false
	// The next reading may or may not include these.
	if arrived := slices.DeleteFunc(r.arrived, func(path string) bool { return w.base.told[path] }); len(arrived) > 0 {
		for _, path := range arrived {
			w.base.meet(path)
		}
		w.arrived(arrived)
	}
	if !r.lesson.Stands() || r.set != w.set {
		w.ReadBaseline()
		return
	}
	w.base.past, w.base.ruled, w.base.told = nil, false, nil
	w.After(w.caughtUp)
	if r.set != w.base.checked {
		w.base.checked = r.set
		for _, mistake := range r.warnings {
			w.opt.Notice(mistake.Text("warning"))
		}
	}
}

// meet notes that a change of the file is reported: it has not come into view unseen.
func (b *baseline) meet(path string) {
	if b.past == nil {
		return
	}
	b.past.Meet(path)
	if b.told == nil {
		b.told = map[string]bool{}
	}
	b.told[path] = true
}

// drop notes that the file is out of view: it may come into view with other content.
func (b *baseline) drop(path string) {
	if b.past != nil {
		b.past.Drop(path)
		delete(b.told, path)
	}
}

// arrived counts files that have come into view as changed.
func (w *Files) arrived(paths []string) {
	set, nodes := w.set, make([][]int, len(paths))
	w.opt.Disk.Add(diskqueue.Job{
		Paths: paths,
		Do:    func(i int) { nodes[i] = set.Wakes(paths[i]) },
		Done: func(hung []bool) {
			var changes []machine.Change
			for i, path := range paths {
				switch {
				case hung != nil && hung[i]:
				case len(nodes[i]) > 0:
					changes = append(changes, machine.Change{Path: path, Nodes: nodes[i]})
				default:
					w.base.drop(path) // the rules have changed again
				}
			}
			if len(changes) > 0 {
				w.opt.Changed(changes)
			}
		},
	})
}
