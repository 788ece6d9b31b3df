package fswatch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// directories keeps the tree and the kernel's watches in step.
type directories struct {
	tree    *tree
	kernel  kernel
	jobs    *queue
	pending *pending
	trouble trouble
	ctx     context.Context
}

// step is a directory to visit.
type step struct {
	real, name string
	inode      uint64
}

// enter makes sure that a directory is watched, and records the name under which it is walked. It returns no
// node if the directory does not exist any more; added if it was not watched before; fresh if it was not
// walked under this name before, and again if it was in this round.
func (d *directories) enter(s step, round uint32) (n *node, added, fresh, again bool) {
	t := d.tree
	t.mu.Lock()
	n = t.nodes.path(s.real)
	if n == nil && s.inode != 0 {
		if old := t.inodes.inode(s.inode); old != nil {
			// It may have been moved here by a rename that is not read yet. fsnotify knows it under its old
			// path, and would go on doing so: the old watches must go first.
			t.mu.Unlock()
			d.evict(old.path, s.inode)
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
	if added && !d.add(n) {
		return nil, added, fresh, again
	}
	return n, added, fresh, again
}

// add asks the kernel to watch the node's directory, and tells whether it exists.
func (d *directories) add(n *node) bool {
	err := d.kernel.add(n.path)
	t := d.tree
	if err == nil {
		t.mu.Lock()
		t.setBlind(n, false)
		t.mu.Unlock()
		return true
	}
	if d.ctx.Err() != nil {
		return false
	}
	return !d.unreadable(n, err, true)
}

// unreadable handles a directory that could not be watched or read, and tells whether it is gone. One that
// was only just added is forgotten: it may not have been a directory any more when it was watched, and that
// event may have been read already. For one that was watched before, the event of its removal is still to be
// read, and earlier ones too; dropping the watch would lose them.
func (d *directories) unreadable(n *node, err error, added bool) (gone bool) {
	t := d.tree
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		t.mu.Lock()
		drop := added && t.nodes.path(n.path) == n
		if drop {
			t.delete(n)
		}
		t.mu.Unlock()
		if drop {
			d.kernel.remove(n.path)
		}
		return true
	}
	t.mu.Lock()
	news := t.setBlind(n, true)
	t.mu.Unlock()
	if news { // else it could not be watched before, and cannot be read either
		d.trouble.met(n.path, err)
	}
	return false
}

// evict drops the watches of a directory that was met at another path, and looks at its old path again. If
// that is still the directory with this inode, nothing has moved: it is mounted twice, and stays under its
// first name, or the number is used on two file systems.
func (d *directories) evict(path string, inode uint64) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() && inodeOf(info) == inode {
		return
	}
	d.leave(path, true)
	d.jobs.putFirst(job{kind: jobAppeared, path: path})
}

// leave forgets a directory that is gone, and all below, and has the links that depend on it looked at again.
// With moved, what was below is reported as gone. That is necessary whenever a directory with unread events
// may be dropped: they are lost with its watch.
func (d *directories) leave(path string, moved bool) {
	t := d.tree
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
	for _, ln := range t.links {
		if ln.kind == directory && ln.real != path && isBelow(ln.real, path) {
			names = append(names, ln.name)
		}
	}
	var changed []string
	if len(dropped) > 0 {
		for on := range t.dependents {
			if isBelow(parentOf(on), path) {
				changed = append(changed, on)
			}
		}
	}
	t.mu.Unlock()
	d.unwatch(paths)
	if moved {
		for _, name := range names {
			d.pending.gone(name)
		}
	}
	for _, on := range changed {
		d.jobs.putFirst(job{kind: jobResolve, path: on})
	}
}

// ensure watches a directory because of something in it.
func (d *directories) ensure(dir string) {
	t := d.tree
	t.mu.RLock()
	n := t.nodes.path(dir)
	known := n != nil && !n.blind
	t.mu.RUnlock()
	if known {
		return
	}
	if info, err := os.Lstat(dir); err == nil && info.IsDir() {
		d.enter(step{real: filepath.Clean(dir), inode: inodeOf(info)}, 0)
	}
}

// unwatch drops the watches of directories that are not in the tree any more.
func (d *directories) unwatch(paths []string) {
	for _, path := range paths {
		_ = d.kernel.remove(path) // the kernel may have dropped it already
	}
}
