package fswatch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
)

// worker does the jobs on the tree of watches, in one goroutine.
type worker struct {
	opt    *Options
	jobs   *queue
	dirs   *directories
	walker *walker
	links  *links
	ready  chan struct{}
}

// run does the jobs, until Close.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		j, ok := w.jobs.take()
		if !ok {
			select {
			case <-w.jobs.more:
			case <-ctx.Done():
			}
			continue
		}
		w.do(j)
		w.report()
	}
}

func (w *worker) do(j job) {
	switch j.kind {
	case jobStart:
		w.start()
		w.report() // report directories without a watch before ready
		close(w.ready)
	case jobAppeared:
		w.appeared(j.path)
	case jobLink:
		w.links.appeared(j.path)
	case jobGone:
		w.removed(j.path, j.moved)
	case jobResolve:
		w.links.changed(j.path, j.moved)
	case jobRefilter:
		w.refilter()
	case jobReset:
		w.reset()
	case jobToken:
		w.dirs.pending.synced(j.token)
	}
}

// report makes notices for the user.
func (w *worker) report() {
	w.dirs.trouble.report(w.dirs.pending)
	if b := w.dirs.kernel.budget; b != nil {
		if text := b.news(); text != "" {
			w.dirs.pending.notice(Costly, text)
		}
	}
}

func (w *worker) start() {
	w.walker.round++
	for _, root := range w.opt.Roots {
		w.dirs.tree.mu.Lock()
		w.dirs.tree.links[root] = &link{name: root, root: true}
		w.dirs.tree.mu.Unlock()
	}
	w.attachRoots(false)
}

func (w *worker) attachRoots(report bool) {
	for _, root := range w.opt.Roots {
		w.links.attach(w.dirs.tree.links[root], report, false)
	}
}

// removed forgets a directory that was removed or, if moved, is elsewhere now.
func (w *worker) removed(path string, moved bool) {
	info, err := os.Lstat(path)
	replaced := err == nil && info.IsDir()
	w.dirs.leave(path, moved || replaced || !emptyWhenRemoved)
	if replaced {
		w.appeared(path)
	}
}

// appeared walks a directory that has appeared at a real path, under each name that its parent has.
func (w *worker) appeared(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return
	}
	t := w.dirs.tree
	t.mu.RLock()
	n := t.nodes.path(path)
	// It may be watched already, if a walk found it before its event was read. Had it been another directory
	// then, that one's removal would have been read first, and the node would be gone; unless it was an empty
	// one that a rename has replaced.
	known := n != nil && !n.blind && n.inode != 0 && n.inode == inodeOf(info)
	names := t.names(t.nodes.path(parentOf(path)))
	t.mu.RUnlock()
	if n != nil && !known {
		w.dirs.leave(path, true)
	}
	if path == w.walker.scratch || parentOf(path) == path {
		return
	}
	for _, name := range names {
		name = join(name, filepath.Base(path))
		if known {
			t.mu.RLock()
			walked := slices.Contains(t.names(n), name)
			t.mu.RUnlock()
			if walked {
				continue
			}
		}
		if w.opt.Descend(name) {
			w.links.walk(step{real: path, name: name, inode: inodeOf(info)}, true)
		}
	}
}

// refilter walks again where Descend's answer may have changed, and drops what it did not reach.
func (w *worker) refilter() {
	w.walker.round++
	t := w.dirs.tree
	for _, root := range w.opt.Roots {
		if ln := t.links[root]; ln.kind == directory {
			w.links.walk(step{real: ln.real, name: ln.name}, true)
		}
	}
	if w.walker.ctx.Err() != nil {
		return
	}
	// What the walk did not reach is dropped, except a directory that no longer exists: its unread events
	// would go with the watch.
	unseen := func(_ string, seen uint32) bool { return seen != w.walker.round }
	var missed []*node
	t.mu.RLock()
	for n := range t.nodes.all() {
		if n.walked && unseen(n.path, n.seen) || slices.ContainsFunc(t.aliases[n], func(a alias) bool { return unseen(a.name, a.seen) }) {
			missed = append(missed, n)
		}
	}
	t.mu.RUnlock()
	missed = slices.DeleteFunc(missed, func(n *node) bool {
		info, err := os.Lstat(n.path)
		return err != nil || !info.IsDir()
	})
	var idle []string
	t.mu.Lock()
	for _, n := range missed {
		t.unmark(n, unseen)
		if t.nodes.path(n.path) == n && t.idle(n) {
			t.delete(n)
			idle = append(idle, n.path)
		}
	}
	var links []*link
	for _, ln := range t.links {
		if !ln.root {
			links = append(links, ln)
		}
	}
	t.mu.Unlock()
	w.dirs.unwatch(idle)
	for _, ln := range links {
		switch {
		case !w.links.stillThere(ln):
			w.links.detach(ln, w.links.standsIn(ln)) // the event that says so is still to come, and will find nothing
		case !w.opt.Descend(ln.name) && !w.opt.Want(ln.name):
			w.links.detach(ln, false)
		}
	}
}

// reset starts over after events were lost: nothing that is recorded can be relied on, not even which
// directory a watch is on. Everything that exists is reported.
func (w *worker) reset() {
	w.jobs.drop(jobReset)
	w.walker.round++
	t := w.dirs.tree
	t.mu.Lock()
	old := t.nodes
	t.nodes, t.inodes, t.aliases, t.orphans = newPathIndex(), newInodeIndex(), map[*node][]alias{}, map[*node]struct{}{}
	t.dependents, t.needed, t.blind = map[string][]*link{}, map[string]int{}, 0
	for name, ln := range t.links {
		if ln.dependsOn = nil; !ln.root {
			delete(t.links, name)
		}
	}
	t.mu.Unlock()
	for n := range old.all() {
		_ = w.dirs.kernel.remove(n.path) // the kernel may have dropped it already
	}
	w.attachRoots(true)
	w.dirs.pending.note(func(b *Batch) { b.Overflow = true })
}
