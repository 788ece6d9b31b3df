// Package fswatch reports which files change below some directories, however the change is made, and loses
// none; it never judges whether a change matters beyond asking Want, and never reads a file's content.
//
// It is built on fsnotify, which watches single directories, and adds: recursion that only enters what
// Descend lets in; files in directories that have just appeared; directories moved, replaced or lost; roots
// that do not exist yet; symbolic links; recovery when the kernel's queue overflows; a barrier (Sync).
//
// Symbolic links. A root may be one, or lie behind some. Below a root, a link to a file stands for the file:
// a change of either is a change of the link's path. A link to a directory is entered as if it were one, if
// Descend lets it in, but not within another link to a directory, nor when it leads to a directory that
// contains it. What lies behind a link is reported under the link's path, and also under its own if that is
// watched. A link that leads to what Leaf names, directly or through other links, stands for itself alone.
//
// What it cannot see: writes through a memory map, on Linux before the map and the file are closed; writes
// made by other machines (network mounts) or outside the container (some bind mounts); a rename of a
// directory further up than a root's parent; a mount or unmount. Where one directory is mounted at two
// places, changes come under one of its names.
//
// The directory above each root is watched too, to see the root appear and disappear. fsnotify cannot watch
// for less than everything there, so a log that is written beside a root wakes the reader, which drops its
// events.
package fswatch

import (
	"context"
	"slices"
	"sync"
)

// Watcher watches until Close. Its methods may be called from several goroutines.
type Watcher struct {
	kernel   kernel
	counters counters
	pending  *pending
	dirs     *directories
	jobs     *queue
	barrier  *barrier
	closings *closings
	ready    chan struct{}

	ctx            context.Context // ends with Close
	cancel         context.CancelFunc
	worker, reader sync.WaitGroup
	closing        sync.Once
	closed         error
}

// Open begins to watch, and returns before the tree has been walked: see Ready. Earlier changes in places not
// reached yet are not reported, so begin what depends on the files' content when Ready is closed. The caller
// must Close the watcher.
func Open(opt Options) (*Watcher, error) {
	return open(opt, openKernel)
}

func open(opt Options, openKernel func() (kernel, error)) (*Watcher, error) {
	opt, err := opt.complete()
	if err != nil {
		return nil, err
	}
	k, err := openKernel()
	if err != nil {
		return nil, err
	}
	w := &Watcher{kernel: k, pending: newPending(opt.Want), jobs: newQueue(), ready: make(chan struct{})}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	dirs := &directories{tree: newTree(), kernel: k, jobs: w.jobs, pending: w.pending, ctx: w.ctx}
	w.dirs = dirs
	walker := &walker{opt: &opt, dirs: dirs, pending: w.pending, ctx: w.ctx}
	links := &links{opt: &opt, dirs: dirs, walker: walker, pending: w.pending}
	w.barrier = &barrier{kernel: k, read: &w.counters, jobs: w.jobs, pending: w.pending, ctx: w.ctx}
	reader := &eventReader{kernel: k, counters: &w.counters, tree: dirs.tree, links: links, jobs: w.jobs, pending: w.pending, barrier: w.barrier, ctx: w.ctx}
	w.closings = newClosings(reader.written)
	walker.closings, w.barrier.closings, reader.closings = w.closings, w.closings, w.closings
	w.reader.Go(reader.read)
	if err := w.barrier.open(); err != nil {
		w.cancel()
		k.close()
		w.reader.Wait()
		w.closings.close()
		return nil, err
	}
	walker.scratch = w.barrier.dir
	w.jobs.put(job{kind: jobStart})
	worker := &worker{opt: &opt, jobs: w.jobs, dirs: dirs, walker: walker, links: links, ready: w.ready}
	w.worker.Go(func() { worker.run(w.ctx) })
	return w, nil
}

// Ready is closed when the tree has been walked: from then on no change is missed.
func (w *Watcher) Ready() <-chan struct{} { return w.ready }

// Wake holds an element when there is something to Take. It is never closed.
func (w *Watcher) Wake() <-chan struct{} { return w.pending.wake }

// Take returns what has gathered since it was last called, and forgets it.
func (w *Watcher) Take() Batch { return w.pending.take() }

// Sync puts a barrier behind everything that was written before the call: token comes in the Synced of the
// batch with the last of it, or of a later one. It does not wait. Where the system gives no order of events
// (anything but Linux), token comes after a fifth of a second.
func (w *Watcher) Sync(token uint64) { w.barrier.sync(token) }

// Scratch is the directory that the watcher makes files in, for its barriers; "" if it makes none. No other watcher
// should look there.
func (w *Watcher) Scratch() string { return w.barrier.dir }

// Refilter walks everything again, because Descend's answers may have changed, and adds and drops watches
// accordingly. Files in directories that are new to the watcher are reported as created. It returns at once;
// a Sync called after it waits for it.
func (w *Watcher) Refilter() { w.jobs.put(job{kind: jobRefilter}) }

// Close stops watching, waits for every goroutine and removes the cookie directory. Calling it again does nothing.
func (w *Watcher) Close() error {
	w.closing.Do(func() {
		w.cancel()
		w.worker.Wait() // before the kernel's handle is closed: its number may be reused
		w.closed = w.kernel.close()
		w.reader.Wait()
		w.closings.close()
		w.barrier.close()
	})
	return w.closed
}

// Stats describes the watcher's present state.
type Stats struct {
	Directories int    // kernel watches held
	Unwatched   int    // directories that cannot be watched: limits, or permission
	Links       int    // symbolic links followed
	Events      uint64 // events read from the kernel
	Overflows   uint64 // times that the kernel lost some
	LateSyncs   uint64 // barriers that timed out
}

// Stats may be called at any time.
func (w *Watcher) Stats() Stats {
	w.dirs.tree.mu.RLock()
	defer w.dirs.tree.mu.RUnlock()
	s := Stats{
		Directories: w.dirs.tree.nodes.len() - w.dirs.tree.blind,
		Unwatched:   w.dirs.tree.blind,
		Events:      w.counters.events.Load(),
		Overflows:   w.counters.overflows.Load(),
		LateSyncs:   w.barrier.late.Load(),
	}
	for _, ln := range w.dirs.tree.links {
		if !ln.root {
			s.Links++
		}
	}
	return s
}

// Unwatched lists the directories that cannot be watched, for lack of watches or permission, under the names
// by which they are walked, in order.
func (w *Watcher) Unwatched() []string {
	w.dirs.tree.mu.RLock()
	defer w.dirs.tree.mu.RUnlock()
	if w.dirs.tree.blind == 0 {
		return nil
	}
	var names []string
	for n := range w.dirs.tree.nodes.all() {
		if n.blind {
			names = append(names, w.dirs.tree.names(n)...)
		}
	}
	slices.Sort(names)
	return names
}
