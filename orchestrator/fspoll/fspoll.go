// Package fspoll reports which files change below some directories by polling, for places where the system gives no
// events; it never reads a file's content, and never judges whether a change matters beyond asking Want.
//
// Files that changed a moment ago are looked at many times a second, everything else in turn, so that the whole tree is
// covered once per interval. A change shows in size, times, inode or mode. Directories are read again when their own
// times have changed.
//
// Coarse times. Where a file system keeps times in steps of a second or two, a write right after a look may leave
// everything as it was. So a file that was looked at within 3 s of its modification time is reported once more when
// that time has passed, so that a comparison of contents sees the last of them. At the first look only a time without
// fractions of a second is taken for coarse.
//
// Symbolic links. A root may be one. Below a root, a link to a file stands for the file: a change of either is a change
// of the link's path. A link to a directory is entered as if it were one, if Descend lets it in, but not within another
// link to a directory, nor when it leads to a directory that contains it. A link that Leaf names stands for itself
// alone.
//
// A file system that does not respond does not delay anything else. It is asked by a goroutine of its own, which is
// abandoned after a second; what is known of its files stays known, and is compared when it responds again.
//
// What it cannot see: a file that changes and changes back, with its times, between two looks; changes that a network
// file system's client hides in its own cache of attributes (seconds on NFS and SMB, for writes made by other
// machines).
package fspoll

import (
	"fmt"
	"hash/maphash"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Options says what to watch.
type Options struct {
	// Roots are absolute paths of directories, watched with all that Descend lets in, or of files. They may overlap,
	// may not exist yet, and may disappear and come back as something else.
	Roots []string
	// Descend tells whether to look into a directory below a root; a root is always entered. It may have to wait for a
	// disk: it is called from one goroutine, and from another one while an earlier call hangs, and must not call Close.
	// nil lets everything in.
	Descend func(dir string) bool
	// Want tells whether changes of a path are to be reported, roots included. It must not access the disk, is called
	// from one goroutine, once when a path appears and once per Refilter, and must not call Close. nil wants
	// everything.
	Want func(path string) bool
	// Leaf tells whether a symbolic link stands for itself, and is not followed. It is called at every look, as Descend
	// is. nil follows all.
	Leaf func(link string) bool
	// Interval is how long it takes at most until a change is noticed, if the tree can be looked at in half that time.
	// 0 chooses: 2 s, and longer for trees so large that this would take more than about 1 % of one core.
	Interval time.Duration
}

// Change says that a path was created, changed or removed since the batch before.
type Change struct {
	Path string // absolute, below one of the roots as they were given (symbolic links are not resolved)
	// Dir: a directory of this name is gone, with everything below. The wanted files in it have changes of their own.
	Dir bool
	// Written is when the file was first written, touched or replaced since the look before, as far as its times tell,
	// and not before the last look at everything. It is zero for a removed file, and for one that is reported once more
	// because of coarse times.
	Written time.Time
}

// Batch is what has gathered between two calls of Take.
type Batch struct {
	Changes []Change // a path once, in the order of the first looks that found it changed
	Synced  []uint64 // tokens of Sync calls: everything written before them is in this batch or an earlier one, except what hangs
	Hung    []string // places whose file system does not respond now, sorted: changes there are reported when it does again
}

// Watcher watches until Close. Its methods may be called from several goroutines.
type Watcher struct {
	opt     Options
	pending *pending
	ready   chan struct{} // closed after the first scan
	done    chan struct{} // closed by Close
	kick    chan struct{} // holds one element while requests is not empty
	worker  sync.WaitGroup
	closing sync.Once

	mu       sync.Mutex // guards what follows
	requests requests
	stats    Stats

	scanner // the worker's own
}

// requests are what other goroutines ask of the worker.
type requests struct {
	tokens   []uint64
	refilter bool
}

// Open begins to watch, and returns before the tree has been looked at: see Ready. Earlier changes in places not
// reached yet are not reported, so begin what depends on the files' content when Ready is closed. The caller must Close
// the watcher.
func Open(opt Options) (*Watcher, error) {
	w, err := newWatcher(opt)
	if err != nil {
		return nil, err
	}
	w.worker.Go(w.keep)
	return w, nil
}

// newWatcher makes a watcher that does nothing until tick is called.
func newWatcher(opt Options) (*Watcher, error) {
	var roots []string
	for _, root := range opt.Roots {
		if !filepath.IsAbs(root) {
			return nil, fmt.Errorf("watch %s: the path is not absolute", root)
		}
		roots = append(roots, filepath.Clean(root))
	}
	slices.Sort(roots)
	opt.Roots = slices.Compact(roots)
	if opt.Interval < 0 {
		return nil, fmt.Errorf("watch by polling: the interval %v is negative", opt.Interval)
	}
	if opt.Descend == nil {
		opt.Descend = func(string) bool { return true }
	}
	if opt.Want == nil {
		opt.Want = func(string) bool { return true }
	}
	if opt.Leaf == nil {
		opt.Leaf = func(string) bool { return false }
	}
	w := &Watcher{
		opt:     opt,
		pending: newPending(),
		ready:   make(chan struct{}),
		done:    make(chan struct{}),
		kick:    make(chan struct{}, 1),
	}
	w.scanner = scanner{seed: maphash.MakeSeed(), leaf: opt.Leaf, roots: map[string]bool{}, ask: newBounded()}
	w.ask.closed = w.isClosed
	w.ask.back = func() { w.request(func(*requests) {}) }
	w.interval = opt.Interval
	if opt.Interval == 0 {
		w.interval = leastInterval
	}
	for _, root := range opt.Roots {
		w.roots[root] = true
		holder := &dir{path: filepath.Dir(root), only: filepath.Base(root)}
		w.order, w.holders = append(w.order, holder), append(w.holders, holder)
	}
	w.stats.Interval = w.interval
	return w, nil
}

// keep is the watcher's goroutine, which owns the tree.
func (w *Watcher) keep() {
	defer w.ask.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-w.kick:
		case <-timer.C:
		}
		timer.Reset(w.tick(time.Now()))
	}
}

// Ready is closed when the tree has been looked at: from then on no change is missed.
func (w *Watcher) Ready() <-chan struct{} { return w.ready }

// Wake holds an element when there is something to Take. It is never closed.
func (w *Watcher) Wake() <-chan struct{} { return w.pending.wake }

// Take returns what has gathered since it was last called, and forgets it.
func (w *Watcher) Take() Batch { return w.pending.take() }

// Sync asks for a look at everything that begins after the call. It returns at once; token comes in Synced of the batch
// with the result, or of a later one. After Close it never comes.
func (w *Watcher) Sync(token uint64) {
	w.request(func(r *requests) { r.tokens = append(r.tokens, token) })
}

// Refilter asks Descend and Want again about everything, because their answers may have changed. What is newly wanted
// is reported; what is no longer wanted is dropped silently. It returns at once; a Sync called after it waits for it.
func (w *Watcher) Refilter() { w.request(func(r *requests) { r.refilter = true }) }

func (w *Watcher) request(change func(*requests)) {
	w.mu.Lock()
	change(&w.requests)
	w.mu.Unlock()
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// Stats describes the watcher's present state.
type Stats struct {
	Directories int           // looked at, including those in which a root is a file
	Files       int           // wanted ones, and symbolic links
	Interval    time.Duration // within which the whole tree is looked at
}

// Stats may be called at any time.
func (w *Watcher) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Finish looks at everything once more, closes the watcher, and returns the changes that were not taken.
func (w *Watcher) Finish() (untaken []Change) {
	w.Sync(0)
	for synced := false; !synced; {
		<-w.Wake()
		batch := w.Take()
		untaken, synced = append(untaken, batch.Changes...), len(batch.Synced) > 0
	}
	_ = w.Close() // it has no errors
	return untaken
}

// Close stops watching and waits for the goroutine, but not for what hangs. Calling it again does nothing.
func (w *Watcher) Close() error {
	w.closing.Do(func() { close(w.done) })
	w.worker.Wait()
	return nil
}

func (w *Watcher) isClosed() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}
