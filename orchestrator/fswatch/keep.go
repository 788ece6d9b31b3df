package fswatch

import (
	"os"
	"path/filepath"
	"slices"
)

// keep does the jobs, until Close.
func (w *Watcher) keep() {
	for !w.isClosed() {
		j, ok := w.jobs.take()
		if !ok {
			select {
			case <-w.jobs.more:
			case <-w.done:
			}
			continue
		}
		w.do(j)
		w.tell()
		w.tellCost()
	}
}

func (w *Watcher) do(j job) {
	switch j.kind {
	case jobStart:
		w.start()
		w.tell() // of directories without a watch: whoever waits to be ready must know
		close(w.ready)
	case jobAppeared:
		w.appeared(j.path)
	case jobLink:
		w.linked(j.path)
	case jobGone:
		w.removed(j.path, j.moved)
	case jobMount:
		w.remount(j.path, j.moved)
	case jobRefilter:
		w.refilter(j.path)
	case jobReset:
		w.reset()
	case jobToken:
		w.deliver(j.token)
	}
}

func (w *Watcher) start() {
	w.round++
	for _, root := range w.opt.Roots {
		m := &mount{name: root, root: true}
		w.tree.mu.Lock()
		w.tree.mounts[root] = m
		w.tree.mu.Unlock()
	}
	w.attachRoots(false)
}

func (w *Watcher) attachRoots(tell bool) {
	for _, root := range w.opt.Roots {
		w.attach(w.tree.mounts[root], tell, false, "")
	}
}

// removed forgets a directory that was removed or, if moved, is elsewhere now.
func (w *Watcher) removed(path string, moved bool) {
	info, err := os.Lstat(path)
	replaced := err == nil && info.IsDir()
	w.leave(path, moved || replaced || !emptyWhenRemoved)
	if replaced {
		w.appeared(path)
	}
}

// appeared walks a directory that has appeared at a real path, under each name that its parent has.
func (w *Watcher) appeared(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return
	}
	t := &w.tree
	t.mu.RLock()
	n := t.nodes.path(path)
	// It may be watched already: a walk found it before its event was read. Had it been another directory then, the
	// news of that one's going would have been read first, and the node be gone; unless it was an empty one that
	// a rename has replaced.
	known := n != nil && !n.blind && n.inode != 0 && n.inode == inodeOf(info)
	names := t.names(t.nodes.path(parentOf(path)))
	t.mu.RUnlock()
	if n != nil && !known {
		w.leave(path, true)
	}
	if path == w.cookies.dir || parentOf(path) == path {
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
			w.walk(step{real: path, name: name, inode: inodeOf(info)}, true, "")
		}
	}
}

// linked follows a symbolic link that has appeared at a real path. Known links are looked at as mounts.
func (w *Watcher) linked(path string) {
	t := &w.tree
	t.mu.RLock()
	names := t.names(t.nodes.path(parentOf(path)))
	t.mu.RUnlock()
	for _, name := range names {
		within := w.behindLink(step{real: parentOf(path), name: name})
		name = join(name, filepath.Base(path))
		t.mu.RLock()
		known := t.mounts[name] != nil
		t.mu.RUnlock()
		if !known {
			w.follow(path, name, within, true, true, "")
		}
	}
}

// refilter walks again where Descend may answer otherwise than before, and drops what it did not come to.
func (w *Watcher) refilter(only string) {
	w.round++
	t := &w.tree
	for _, root := range w.opt.Roots {
		if only != "" && !isBelow(root, only) && !isBelow(only, root) {
			continue
		}
		if m := t.mounts[root]; m.kind == directory {
			w.walk(step{real: m.real, name: m.name}, true, only)
		}
	}
	if w.isClosed() {
		return
	}
	// What the walk did not come to is dropped; but a directory that is not there any more is not, because its last
	// events, not read yet, would go with the watch.
	unseen := func(name string, seen uint32) bool {
		return seen != w.round && (only == "" || isBelow(name, only))
	}
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
	var links []*mount
	for _, m := range t.mounts {
		if !m.root && (only == "" || isBelow(m.name, only)) {
			links = append(links, m)
		}
	}
	t.mu.Unlock()
	for _, dir := range idle {
		w.kernel.remove(dir)
	}
	for _, m := range links {
		switch {
		case !w.stillLink(m):
			w.unmount(m, w.standsIn(m)) // the event that says so is to come, and will find nothing
		case !w.opt.Descend(m.name) && !w.opt.Want(m.name):
			w.unmount(m, false)
		}
	}
}

// reset starts over after events were lost: nothing that is remembered can be relied on, not even which directory
// a watch is on. Everything that exists is reported.
func (w *Watcher) reset() {
	w.jobs.drop(jobReset)
	w.round++
	t := &w.tree
	t.mu.Lock()
	old := t.nodes
	t.nodes, t.inodes, t.aliases, t.orphans = newPathIndex(), newInodeIndex(), map[*node][]alias{}, map[*node]struct{}{}
	t.spots, t.spotted, t.blind = map[string][]*mount{}, map[string]int{}, 0
	for name, m := range t.mounts {
		if m.spots = nil; !m.root {
			delete(t.mounts, name)
		}
	}
	t.mu.Unlock()
	for n := range old.all() {
		w.kernel.remove(n.path)
	}
	w.attachRoots(true)
	w.pending.note(func(b *Batch) { b.Overflow = true })
}
