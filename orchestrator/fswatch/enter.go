package fswatch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// enter makes sure that a directory is watched, and notes the name under which it is walked. It returns no node
// if there is no such directory any more; added if it was not watched before; fresh if it was not walked under this
// name before, and again if it was in this round.
func (w *Watcher) enter(s step, round uint32) (n *node, added, fresh, again bool) {
	t := &w.tree
	t.mu.Lock()
	n = t.nodes.path(s.real)
	if n == nil && s.inode != 0 {
		if old := t.inodes.inode(s.inode); old != nil {
			// It may have been moved here, and the news is not read yet. fsnotify knows it under its old path, and
			// would go on doing so: the old watches must go first.
			t.mu.Unlock()
			w.evict(old.path, s.inode)
			t.mu.Lock()
			n = t.nodes.path(s.real)
		}
	}
	added = n == nil || n.blind
	if n == nil {
		n = t.insert(s.real, s.inode)
	}
	if s.name != "" {
		fresh, again = t.mark(n, s.name, round)
	}
	t.mu.Unlock()
	if added && !w.add(n) {
		return nil, added, fresh, again
	}
	return n, added, fresh, again
}

// add asks the kernel to watch the node's directory, and says whether the directory is there.
func (w *Watcher) add(n *node) bool {
	err := w.kernel.add(n.path)
	t := &w.tree
	if err == nil {
		t.mu.Lock()
		t.setBlind(n, false)
		t.mu.Unlock()
		return true
	}
	if w.isClosed() {
		return false
	}
	return !w.unreadable(n, err, true)
}

// unreadable handles a directory that could not be watched or read, and says whether it has gone. One that was
// only added now is forgotten: it may not have been a directory any more when the watch was put on it, and that
// news may have been read already. Of one that was watched before, the news of its going is still to be read, and
// whatever it had to say before; to drop the watch would lose that.
func (w *Watcher) unreadable(n *node, err error, added bool) (gone bool) {
	t := &w.tree
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		t.mu.Lock()
		drop := added && t.nodes.path(n.path) == n
		if drop {
			t.delete(n)
		}
		t.mu.Unlock()
		if drop {
			w.kernel.remove(n.path)
		}
		return true
	}
	t.mu.Lock()
	news := t.setBlind(n, true)
	t.mu.Unlock()
	if news { // else it could not be watched, and cannot be read either
		w.trouble.met(n.path, err)
	}
	return false
}

// evict drops the watches of a directory that was met at another path, and looks at its old path again. If that is
// still the directory with this number, nothing has moved: it is mounted twice, and stays under its first name, or
// the number is used on two file systems.
func (w *Watcher) evict(path string, inode uint64) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() && inodeOf(info) == inode {
		return
	}
	w.leave(path, true)
	w.jobs.putFirst(job{kind: jobAppeared, path: path})
}

// leave forgets a directory that has gone, and all below, and has the mounts that depend on it looked at again.
// With moved, what was below is reported as gone. That is due whenever a directory is dropped that may still have
// something to say: the events of a watch that are not read yet are lost with it.
func (w *Watcher) leave(path string, moved bool) {
	t := &w.tree
	t.mu.Lock()
	top := t.nodes.path(path)
	names := t.names(top)
	moved = moved || top != nil && top.blind
	dropped := t.below(path)
	paths := make([]string, len(dropped))
	for i, n := range dropped {
		paths[i] = n.path
		t.delete(n)
	}
	for _, m := range t.mounts {
		if m.kind == directory && m.real != path && isBelow(m.real, path) {
			names = append(names, m.name)
		}
	}
	var spots []string
	if len(dropped) > 0 {
		for spot := range t.spots {
			if isBelow(parentOf(spot), path) {
				spots = append(spots, spot)
			}
		}
	}
	t.mu.Unlock()
	for _, p := range paths {
		w.kernel.remove(p)
	}
	if moved {
		for _, name := range names {
			w.gone(name)
		}
	}
	for _, spot := range spots {
		w.jobs.putFirst(job{kind: jobMount, path: spot})
	}
}

// ensure watches a directory because of something in it.
func (w *Watcher) ensure(dir string) {
	t := &w.tree
	t.mu.RLock()
	n := t.nodes.path(dir)
	known := n != nil && !n.blind
	t.mu.RUnlock()
	if known {
		return
	}
	if info, err := os.Lstat(dir); err == nil && info.IsDir() {
		w.enter(step{real: filepath.Clean(dir), inode: inodeOf(info)}, 0)
	}
}
