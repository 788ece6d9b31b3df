package fswatch

import (
	"os"
	"path/filepath"
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
	}
}

func (w *Watcher) do(j job) {
	switch j.kind {
	case jobStart:
		w.start()
		close(w.ready)
	case jobAppeared:
		w.appeared(j.path)
	case jobLink:
		w.linked(j.path)
	case jobGone:
		w.leave(j.path, j.moved || !emptyWhenRemoved)
		w.appeared(j.path) // nothing, unless another has taken its place
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
	w.attachRoots(quiet)
}

func (w *Watcher) attachRoots(emit emission) {
	for _, root := range w.opt.Roots {
		w.attach(w.tree.mounts[root], emit, "")
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
	known := t.nodes[path] != nil
	names := t.names(t.nodes[parentOf(path)])
	t.mu.RUnlock()
	if known {
		w.leave(path, false) // found by a walk before the event was read, or taken over: watch it anew to be sure
	}
	if path == w.cookies.dir || parentOf(path) == path {
		return
	}
	for _, name := range names {
		if name = join(name, filepath.Base(path)); w.opt.Descend(name) {
			w.walk(step{real: path, name: name, inode: inodeOf(info)}, all, "")
		}
	}
}

// linked follows a symbolic link that has appeared at a real path. Known links are looked at as mounts.
func (w *Watcher) linked(path string) {
	t := &w.tree
	t.mu.RLock()
	names := t.names(t.nodes[parentOf(path)])
	t.mu.RUnlock()
	for _, name := range names {
		within := w.behindLink(step{real: parentOf(path), name: name})
		name = join(name, filepath.Base(path))
		t.mu.RLock()
		known := t.mounts[name] != nil
		t.mu.RUnlock()
		if !known {
			w.follow(path, name, within, all, "")
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
			w.walk(step{real: m.real, name: m.name}, newcomer, only)
		}
	}
	if w.isClosed() {
		return
	}
	var idle []string
	t.mu.Lock()
	for path, n := range t.nodes {
		t.unmark(n, func(name string, seen uint32) bool {
			return seen != w.round && (only == "" || isBelow(name, only))
		})
		if t.idle(n) {
			t.delete(n)
			idle = append(idle, path)
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
		if !w.stillLink(m) || !w.opt.Descend(m.name) && !w.opt.Want(m.name) {
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
	t.nodes, t.inodes, t.aliases, t.orphans = map[string]*node{}, map[uint64]*node{}, map[*node][]alias{}, map[*node]struct{}{}
	t.spots, t.spotted, t.blind = map[string][]*mount{}, map[string]int{}, 0
	for name, m := range t.mounts {
		if m.spots = nil; !m.root {
			delete(t.mounts, name)
		}
	}
	t.mu.Unlock()
	for path := range old {
		w.kernel.remove(path)
	}
	w.attachRoots(all)
	w.pending.note(func(b *Batch) { b.Overflow = true })
}
