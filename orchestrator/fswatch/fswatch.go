// Package fswatch reports which files change below some directories, however the change is made, and loses none;
// it never judges whether a change matters beyond asking Want, and never reads a file's content.
//
// It stands on fsnotify, which watches single directories, and adds what that lacks: recursion that only enters
// what Descend lets in; files in directories that have just appeared; directories moved, replaced or lost; roots
// that do not exist yet; symbolic links; the kernel's queue running over; a barrier (Sync).
//
// Symbolic links. A root may be one, or lie behind some. Below a root, a link to a file stands for the file: a
// change of either is a change of the link's path. A link to a directory is entered as if it were one, if Descend
// lets it in, but not within another link to a directory, nor when it leads to a directory that it is in itself.
// What lies behind a link is reported under the link's path, and also under its own if that is watched. A link that
// leads to what Leaf names, through other links or not, stands for itself alone.
//
// What it cannot see: writes through a memory map, on Linux before the map and the file are closed; writes made by
// other machines (network mounts) or outside the container (some bind mounts); a rename of a directory further up than
// a root's parent; a mount or unmount.
// Where one directory is mounted at two places, changes come under one of its names.
//
// The directory above each root is watched too, for the root's going and coming. fsnotify has no way to ask for less
// than everything there, so a log that is written beside a root wakes the reader, which drops its events; nobody
// else hears of them.
package fswatch

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrLimit is in the chain of Open's error when the system gives out no more watchers or descriptors.
var ErrLimit = errors.New("a limit of the system is reached")

// Options says what to watch.
type Options struct {
	// Roots are absolute paths of directories, watched with all that Descend lets in, or of files. They may
	// overlap, may be missing yet, and may disappear and come back as something else.
	Roots []string
	// Descend says whether to walk and watch a directory below a root; a root is always entered. It is called
	// from several goroutines, must be quick, and must not call the Watcher. nil lets everything in.
	Descend func(dir string) bool
	// Want says whether changes of a path are to be reported; roots are asked about too. It is called from
	// several goroutines, must be quick (the watcher does nothing else meanwhile), and must not call the
	// Watcher. It may be asked about directories that have gone. nil wants everything.
	Want func(path string) bool
	// Leaf says of a real path that nothing is to be looked for there: what the system makes up, such as /proc. No
	// link is followed to it, and no walk that a root above has led to goes into it. It is called from several
	// goroutines, and asks no disk. nil names nothing.
	Leaf func(real string) bool
	// Walkers is how many goroutines walk the tree; 0 chooses.
	Walkers int
}

// Watcher watches until Close. Its methods may be called from several goroutines.
type Watcher struct {
	opt     Options
	kernel  kernel
	pending *pending
	tree    tree
	jobs    queue
	cookies cookies

	closings *closings
	ready    chan struct{}
	done     chan struct{} // closed by Close

	keeper, reader sync.WaitGroup
	closing        sync.Once
	closed         error

	events, overflows atomic.Uint64
	trouble           trouble
	round             uint32 // counts walks from the roots; the keeper's own
}

// Open begins to watch, and returns before the tree has been walked: see Ready. What changes before that in a
// place not reached yet is not reported, so begin what depends on the files' content when Ready is closed.
// The caller must Close the watcher.
func Open(opt Options) (*Watcher, error) {
	return open(opt, openKernel)
}

func open(opt Options, openKernel func() (kernel, error)) (*Watcher, error) {
	var roots []string
	for _, root := range opt.Roots {
		if !filepath.IsAbs(root) {
			return nil, fmt.Errorf("watch %s: the path is not absolute", root)
		}
		roots = append(roots, filepath.Clean(root))
	}
	slices.Sort(roots)
	opt.Roots = slices.Compact(roots)
	if opt.Descend == nil {
		opt.Descend = func(string) bool { return true }
	}
	if opt.Want == nil {
		opt.Want = func(string) bool { return true }
	}
	if opt.Leaf == nil {
		opt.Leaf = func(string) bool { return false }
	}
	k, err := openKernel()
	if err != nil {
		return nil, err
	}
	w := &Watcher{
		opt:     opt,
		kernel:  k,
		pending: newPending(),
		tree:    newTree(),
		jobs:    newQueue(),
		ready:   make(chan struct{}),
		done:    make(chan struct{}),
	}
	w.closings = newClosings(w.written)
	w.reader.Go(w.read)
	if err := w.openCookies(); err != nil {
		k.close()
		w.reader.Wait()
		w.closings.close()
		return nil, err
	}
	w.jobs.put(job{kind: jobStart})
	w.keeper.Go(w.keep)
	return w, nil
}

// Ready is closed when the tree has been walked: from then on no change is missed.
func (w *Watcher) Ready() <-chan struct{} { return w.ready }

// Wake holds an element when there is something to Take. It is never closed.
func (w *Watcher) Wake() <-chan struct{} { return w.pending.wake }

// Take returns what has gathered since it was last called, and forgets it.
func (w *Watcher) Take() Batch {
	batch := w.pending.take()
	batch.Degraded = w.tree.blindCount() > 0
	return batch
}

// Rescan walks dir and what is below again, because Descend's answers there may have changed: watches are added
// and dropped as it says now. Files in directories that are new to the watcher are reported as created. It
// returns at once; a Sync called after it waits for it.
func (w *Watcher) Rescan(dir string) { w.jobs.put(job{kind: jobRefilter, path: filepath.Clean(dir)}) }

// Refilter is Rescan for everything.
func (w *Watcher) Refilter() { w.jobs.put(job{kind: jobRefilter}) }

// Close stops watching, waits for every goroutine and removes the cookie directory. Calling it again does nothing.
func (w *Watcher) Close() error {
	w.closing.Do(func() {
		close(w.done)
		w.keeper.Wait() // before the kernel's handle goes: nobody may add watches to a number that is used anew
		w.closed = w.kernel.close()
		w.reader.Wait()
		w.closings.close()
		w.closeCookies()
	})
	return w.closed
}

func (w *Watcher) isClosed() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// Stats describes the watcher's present state, for people who wonder what it does.
type Stats struct {
	Directories int    // kernel watches held
	Unwatched   int    // directories that should be watched and are not: limits, or permission
	Links       int    // symbolic links followed
	Events      uint64 // events read from the kernel
	Overflows   uint64 // times that the kernel lost some
	LateSyncs   uint64 // barriers that were given up waiting for
}

// Stats may be called at any time.
func (w *Watcher) Stats() Stats {
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	s := Stats{
		Directories: w.tree.nodes.len() - w.tree.blind,
		Unwatched:   w.tree.blind,
		Events:      w.events.Load(),
		Overflows:   w.overflows.Load(),
		LateSyncs:   w.cookies.late.Load(),
	}
	for _, m := range w.tree.mounts {
		if !m.root {
			s.Links++
		}
	}
	return s
}

// Watched lists the directories that are watched, by their real paths, in order.
func (w *Watcher) Watched() []string {
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	list := make([]string, 0, w.tree.nodes.len())
	for n := range w.tree.nodes.all() {
		if !n.blind {
			list = append(list, n.path)
		}
	}
	slices.Sort(list)
	return list
}

// report adds a change if it is wanted.
func (w *Watcher) report(path string, op Op) {
	if w.opt.Want(path) {
		w.pending.add(path, op, false)
	}
}
