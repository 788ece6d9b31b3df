package fswatch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// step is a directory to visit.
type step struct {
	real, name string
	inode      uint64
}

// walk visits a tree with several goroutines: watch a directory, then read it, then go on with what it holds.
// Two never visit the same directory: links are only followed when the walk is over.
type walk struct {
	w      *Watcher
	within bool // it began behind a link to a directory
	tell   bool // report the files of every directory that was not walked under its name, or not watched, before
	round  uint32
	only   string // "", or the name to which the walk is confined: the way to it, and what is below
	helper sync.WaitGroup

	hungry  atomic.Int32 // goroutines that wait for steps, or could be started
	mu      sync.Mutex   // guards what follows
	more    *sync.Cond   // signalled when there are steps, or all is done
	steps   []step       // to be shared
	links   []step
	helpers int // goroutines that may still be started
	busy    int // goroutines that have steps of their own
}

// manySteps is how many directories a goroutine must have before it shares them. It keeps what it finds to itself
// otherwise: a lock for each directory would cost as much as reading it.
const manySteps = 8

func (w *Watcher) walk(from step, tell bool, only string) {
	k := &walk{w: w, within: w.behindLink(from), tell: tell, round: w.round, only: only, steps: []step{from}, helpers: w.walkers() - 1, busy: 1}
	k.hungry.Store(int32(k.helpers))
	k.more = sync.NewCond(&k.mu)
	k.run()
	k.helper.Wait()
	for _, l := range k.links {
		if w.isClosed() {
			return
		}
		w.follow(l.real, l.name, k.within, tell, false, only)
	}
}

// behindLink says whether the name leads through a link to a directory below a root.
func (w *Watcher) behindLink(s step) bool {
	if s.name == s.real {
		return false
	}
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	for name, m := range w.tree.mounts {
		if !m.root && isBelow(s.name, name) {
			return true
		}
	}
	return false
}

func (w *Watcher) walkers() int {
	if w.opt.Walkers > 0 {
		return w.opt.Walkers
	}
	return min(max(2, runtime.GOMAXPROCS(0)), 8)
}

// run visits directories until none is left. Whoever starts it counts it as busy.
func (k *walk) run() {
	var read reader
	var own, links []step
	for k.fetch(&own) {
		for len(own) > 0 && !k.w.isClosed() {
			s := own[len(own)-1]
			own, links = k.visit(s, &read, own[:len(own)-1], links)
			if len(own) > manySteps && k.hungry.Load() > 0 {
				k.share(&own)
			}
		}
	}
	k.mu.Lock()
	k.links = append(k.links, links...)
	k.mu.Unlock()
}

// fetch waits for steps that were shared, and takes half of them. It takes none when the walk is over.
func (k *walk) fetch(own *[]step) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy--
	for len(k.steps) == 0 && k.busy > 0 {
		k.hungry.Add(1)
		k.more.Wait()
		k.hungry.Add(-1)
	}
	if len(k.steps) == 0 || k.w.isClosed() {
		k.more.Broadcast()
		return false
	}
	half := len(k.steps) / 2
	*own = append((*own)[:0], k.steps[half:]...)
	k.steps = k.steps[:half]
	k.busy++
	return true
}

// share gives the half of a goroutine's steps away that it found first: they are likely to lead to the most.
func (k *walk) share(own *[]step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	half := len(*own) / 2
	k.steps = append(k.steps, (*own)[:half]...)
	*own = append((*own)[:0], (*own)[half:]...)
	if k.helpers > 0 {
		k.helpers--
		k.hungry.Add(-1)
		k.busy++
		k.helper.Go(k.run)
	}
	k.more.Broadcast()
}

// visit watches and reads one directory, and adds the directories and the links in it to dirs and links.
func (k *walk) visit(s step, read *reader, dirs, links []step) (_, _ []step) {
	w := k.w
	onTheWay := k.only != "" && !isBelow(s.name, k.only)
	n, added, fresh, again := w.enter(s, k.round)
	if n == nil || again {
		return dirs, links
	}
	tell := k.tell && (fresh || added)
	same := s.real == s.name
	err := read.read(s.real, func(base []byte, is kind, inode uint64) {
		if is == file && !tell {
			return
		}
		name := join(s.name, string(base))
		if onTheWay && !isBelow(name, k.only) && !isBelow(k.only, name) {
			return
		}
		real := name
		if !same {
			real = join(s.real, string(base))
		}
		switch is {
		case file:
			w.report(name, Create)
		case symlink:
			links = append(links, step{real: real, name: name})
		case directory:
			if real != w.cookies.dir && w.opt.Descend(name) {
				dirs = append(dirs, step{real: real, name: name, inode: inode})
			}
		}
	})
	if err != nil {
		w.unreadable(n, err, added)
	}
	return dirs, links
}

// enter makes sure that a directory is watched, and notes the name under which it is walked. It returns no node
// if there is no such directory any more; added if it was not watched before; fresh if it was not walked under this
// name before, and again if it was in this round.
func (w *Watcher) enter(s step, round uint32) (n *node, added, fresh, again bool) {
	t := &w.tree
	t.mu.Lock()
	n = t.nodes[s.real]
	if n == nil && s.inode != 0 {
		if old := t.inodes[s.inode]; old != nil {
			// It was moved here, and the news is not read yet. fsnotify knows it under its old path, and would go
			// on doing so: the old watches must go first. If it is only another directory with that number
			// (on another file system), dropping it costs a second walk.
			t.mu.Unlock()
			w.evict(old.path, s.real)
			t.mu.Lock()
			n = t.nodes[s.real]
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
		drop := added && t.nodes[n.path] == n
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
	t.setBlind(n, true)
	t.mu.Unlock()
	w.trouble.met(n.path, err)
	return false
}

// evict drops the watches of a directory that was met at another path, and looks at its old path again.
func (w *Watcher) evict(path, now string) {
	if a, err := os.Lstat(path); err == nil {
		if b, err := os.Lstat(now); err == nil && os.SameFile(a, b) {
			return // mounted twice: it stays under its first name
		}
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
	top := t.nodes[path]
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
	n := t.nodes[dir]
	known := n != nil && !n.blind
	t.mu.RUnlock()
	if known {
		return
	}
	if info, err := os.Lstat(dir); err == nil && info.IsDir() {
		w.enter(step{real: filepath.Clean(dir), inode: inodeOf(info)}, 0)
	}
}
