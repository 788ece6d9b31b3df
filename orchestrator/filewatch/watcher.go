package filewatch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/fswatch"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/watchset"
)

// watcher sees changes by the system's events, by polling, or by both in different places.
type watcher struct {
	disk   *diskqueue.Queue // nil: sync may block its caller
	events *fswatch.Watcher // nil if nothing is watched by events
	poll   *fspoll.Watcher  // nil if nothing is polled

	roots  []string // of its area
	part   bool     // poll does not look everywhere
	tokens uint64
	waits  map[uint64]*barrier
}

// barrier is a drain that events and poll must both confirm.
type barrier struct {
	events, poll bool // it has not yet
	then         func()
}

// seenFile is a file that may have changed, and when that was noticed; zero: now.
type seenFile struct {
	path  string
	at    time.Time
	first time.Time // when its first event was noticed; zero: its events are not known
	wrote bool      // it was written in place, or missing for a moment; false if it was only touched, or replaced in one step
}

func pathsOf(files []seenFile) []string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
	}
	return paths
}

// batch is what has been seen since the last look.
type batch struct {
	files   []seenFile
	gone    []string // directories that took files with them
	lost    bool     // events were lost: anything may have changed
	limited bool     // watches have run out: the rest can only be polled
	notices []string
	passed  []func() // what waited for a barrier
	hung    []string // places that do not respond now, where files are polled
}

// area is what a watcher looks at.
type area struct {
	roots []string
	fspoll.Reach
}

// poll polls all of it; see fspoll for an interval of 0.
func (a area) poll(interval time.Duration) (*fspoll.Watcher, error) {
	return fspoll.Open(fspoll.Options{Roots: a.roots, Descend: a.Descend, Want: a.Want, Leaf: watchset.LeafLink, Interval: interval})
}

// newWatcher makes a watcher that sees nothing yet.
func newWatcher(disk *diskqueue.Queue) *watcher {
	return &watcher{disk: disk, waits: map[uint64]*barrier{}}
}

// ways is how to watch which parts of an area.
type ways struct {
	polled, told []string // roots; of told the system reports events
	apart        []string // directories in told that are polled
	notes        []string
}

// ways asks the disk where the system gives no events.
func (a area) ways() (w ways) {
	for _, root := range a.roots {
		if reason, needed := fspoll.Needed(existing(root)); needed {
			w.notes = append(w.notes, reason+": polling it")
			w.polled = append(w.polled, root)
		} else {
			w.told = append(w.told, root)
		}
	}
	for _, m := range a.Mounts(w.told) {
		w.notes = append(w.notes, m.Reason()+": polling it")
		w.polled = append(w.polled, m.Path)
		w.apart = append(w.apart, m.Path)
	}
	return w
}

// begin begins to watch an area, in these ways. poll, if not nil, asks for polling everywhere. notes are for people. It
// asks no disk of the area.
func (s *watcher) begin(a area, poll *time.Duration, w ways) (notes []string, err error) {
	s.roots = a.roots
	interval := time.Duration(0)
	if poll != nil {
		interval = *poll
	}
	polled, told, apart := w.polled, w.told, w.apart
	notes = w.notes
	if len(told) > 0 {
		s.part = true
		all := a.Descend
		if len(apart) > 0 {
			all = func(dir string) bool { return !slices.Contains(apart, dir) && a.Descend(dir) }
		}
		s.events, err = fswatch.Open(fswatch.Options{Roots: told, Descend: all, Want: a.Want, Leaf: watchset.Leaf})
		switch {
		case errors.Is(err, fswatch.ErrLimit):
			notes = append(notes, err.Error()+"; polling instead")
			polled, s.part = a.roots, false
		case err != nil:
			return notes, err
		}
	}
	if len(polled) > 0 {
		if s.poll, err = (area{polled, a.Reach}).poll(interval); err != nil {
			return notes, errors.Join(err, s.close())
		}
	}
	return notes, nil
}

// rootsOf lists what to watch: the nodes' roots, and the files of git's rules outside and above them.
func rootsOf(set *watchset.Set, git *gitignore.Matcher) []string {
	roots := set.Roots()
	rules := git.FilesOutside()
	if index := git.IndexFile(); index != "" {
		rules = append(rules, index)
	}
	for _, root := range roots {
		rules = append(rules, git.FilesAbove(root)...)
	}
	slices.Sort(rules)
	return append(roots, slices.Compact(rules)...)
}

// existing is the nearest existing directory of a path.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func (s *watcher) close() error {
	var errs []error
	if s.events != nil {
		errs = append(errs, s.events.Close())
	}
	if s.poll != nil {
		errs = append(errs, s.poll.Close())
	}
	return errors.Join(errs...)
}

// scratch is the directory that the watcher itself writes in; "" if there is none.
func (s *watcher) scratch() string {
	if s.events == nil {
		return ""
	}
	return s.events.Scratch()
}

// wake and pollWake hold an element when there is something to take.
func (s *watcher) wake() <-chan struct{} {
	if s == nil || s.events == nil {
		return nil
	}
	return s.events.Wake()
}

func (s *watcher) pollWake() <-chan struct{} {
	if s == nil || s.poll == nil {
		return nil
	}
	return s.poll.Wake()
}

// ready lists what must be closed before nothing is missed any more.
func (s *watcher) ready() []<-chan struct{} {
	var all []<-chan struct{}
	if s.events != nil {
		all = append(all, s.events.Ready())
	}
	if s.poll != nil {
		all = append(all, s.poll.Ready())
	}
	return all
}

// complete tells whether nothing is missed any more.
func (s *watcher) complete() bool {
	for _, ready := range s.ready() {
		select {
		case <-ready:
		default:
			return false
		}
	}
	return true
}

// take returns what has been seen.
func (s *watcher) take() batch {
	var b batch
	if s.events != nil {
		seen := s.events.Take()
		b.lost = seen.Overflow
		for _, n := range seen.Notices {
			b.notices = append(b.notices, n.Text)
			b.limited = b.limited || n.Kind == fswatch.LimitReached
		}
		for _, c := range seen.Changes {
			b.add(seenFile{c.Path, c.Last, c.First, c.Op&(fswatch.Write|fswatch.Remove|fswatch.Rename) != 0}, c.Dir)
		}
		b.passed = append(b.passed, s.confirm(seen.Synced, false)...)
	}
	if s.poll != nil {
		seen := s.poll.Take()
		b.addPolled(seen.Changes)
		b.hung = seen.Hung
		b.passed = append(b.passed, s.confirm(seen.Synced, true)...)
	}
	return b
}

func (b *batch) add(file seenFile, dir bool) {
	if dir {
		b.gone = append(b.gone, file.path)
	} else {
		b.files = append(b.files, file)
	}
}

func (b *batch) addPolled(changes []fspoll.Change) {
	for _, c := range changes {
		b.add(seenFile{path: c.Path, first: c.Written, wrote: !c.Written.IsZero()}, c.Dir)
	}
}

// sync calls then, in take's caller, when everything written before has been taken: at once if nothing is
// watched.
func (s *watcher) sync(then func()) (pending bool) {
	s.tokens++
	w := &barrier{events: s.events != nil, poll: s.poll != nil, then: then}
	if !w.events && !w.poll {
		return false
	}
	token := s.tokens
	s.waits[token] = w
	switch {
	case w.events && s.disk == nil:
		s.events.Sync(token)
	case w.events: // its cookie is a file, too
		s.disk.Add(diskqueue.Job{Paths: []string{os.TempDir()}, Do: func(int) { s.events.Sync(token) }, Done: func([]bool) {}})
	}
	if w.poll {
		s.poll.Sync(token)
	}
	return true
}

// awaited tells whether a barrier is waiting.
func (s *watcher) awaited() bool { return s != nil && len(s.waits) > 0 }

func (s *watcher) confirm(tokens []uint64, poll bool) (passed []func()) {
	for _, token := range tokens {
		w := s.waits[token]
		if w == nil {
			continue
		}
		if poll {
			w.poll = false
		} else {
			w.events = false
		}
		if !w.events && !w.poll {
			delete(s.waits, token)
			passed = append(passed, w.then)
		}
	}
	return passed
}

// pollAll polls everything from now on, beside the events. Barriers that the old poller has not confirmed
// wait for the new one. The old one is returned, if there was one, for callers that wait for it.
func (s *watcher) pollAll(poll *fspoll.Watcher) (before *fspoll.Watcher) {
	before = s.poll
	s.poll, s.part = poll, false
	for token, w := range s.waits {
		if w.poll {
			poll.Sync(token)
		}
	}
	return before
}

// refilter decides again which files to watch.
func (s *watcher) refilter() {
	if s.events != nil {
		s.events.Refilter()
	}
	if s.poll != nil {
		s.poll.Refilter()
	}
}

// watching tells how much is watched, and how.
func (s *watcher) watching() *control.Watching {
	w := &control.Watching{}
	if s.events != nil {
		stats := s.events.Stats()
		w.Directories, w.Unwatched, w.Links = stats.Directories, stats.Unwatched, stats.Links
		w.Events, w.Overflows = stats.Events, stats.Overflows
	}
	if s.poll != nil {
		stats := s.poll.Stats()
		w.Polled, w.Interval = stats.Directories, stats.Interval
	}
	return w
}
