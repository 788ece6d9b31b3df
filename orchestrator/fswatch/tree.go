package fswatch

import (
	"io/fs"
	"os"
	"strings"
	"sync"
)

// kind is what a path is, with symbolic links not followed.
type kind uint8

const (
	missing kind = iota
	file         // anything else
	directory
	symlink
)

func kindOf(info fs.FileInfo) kind {
	switch {
	case info.IsDir():
		return directory
	case info.Mode()&fs.ModeSymlink != 0:
		return symlink
	}
	return file
}

const separator = string(os.PathSeparator)

// tree records the directories that are watched, and why. The worker and its walkers change it, the reader
// reads it. No system call is made while mu is held: fsnotify may hold its own lock while it waits for the
// reader, and the reader must never wait for a holder of mu that waits for fsnotify.
type tree struct {
	mu      sync.RWMutex
	nodes   index              // by real path
	inodes  index              // to notice a moved directory before its event is read
	aliases map[*node][]alias  // names other than the real path; few have any
	orphans map[*node]struct{} // nodes whose parent directory is not watched
	links   map[string]*link   // by name
	// Real paths whose events concern a link; the slices are never changed in place.
	dependents map[string][]*link
	needed     map[string]int // how many of these each directory holds
	blind      int            // how many nodes are blind
	arena      arena          // of nodes
}

// node is a directory that is watched, or should be. There may be tens of thousands, so it is small.
type node struct {
	path                      string
	inode                     uint64
	parent, child, next, prev *node
	seen                      uint32 // the round in which a walk last came here under the real path
	walked                    bool   // it is watched with what is below, under its real path as its name
	blind                     bool   // the kernel refused the watch, or it could not be read
}

// link is a name that leads to a real path: a followed symbolic link, or a root.
type link struct {
	name string // the path under which changes are reported
	root bool
	at   string // a link's own real path; "" for a root

	within bool // the link stands behind a link to a directory

	// Where it leads now, guarded by the tree's mu.
	real      string   // the real path; if missing, of the first part that is
	kind      kind     // missing, file or directory
	dependsOn []string // see resolution
}

// alias is a further name of a directory: it is reached through a symbolic link.
type alias struct {
	name string
	seen uint32
}

func newTree() *tree {
	return &tree{
		nodes: newPathIndex(), inodes: newInodeIndex(), aliases: map[*node][]alias{}, orphans: map[*node]struct{}{},
		links: map[string]*link{}, dependents: map[string][]*link{}, needed: map[string]int{},
	}
}

// The methods below want mu to be held.

func (t *tree) insert(path string, inode uint64) *node {
	n := t.arena.node()
	n.path, n.inode = path, inode
	t.nodes.put(n)
	if inode != 0 {
		t.inodes.put(n)
	}
	if len(t.orphans) > 0 {
		for o := range t.orphans {
			if parentOf(o.path) == path && o.path != path {
				delete(t.orphans, o)
				n.adopt(o)
			}
		}
	}
	if parent := t.nodes.path(parentOf(path)); parent != nil && parent != n {
		parent.adopt(n)
	} else {
		t.orphans[n] = struct{}{}
	}
	return n
}

func (n *node) adopt(child *node) {
	child.parent, child.next, child.prev = n, n.child, nil
	if n.child != nil {
		n.child.prev = child
	}
	n.child = child
}

// delete forgets one node; its children become orphans.
func (t *tree) delete(n *node) {
	t.nodes.remove(n)
	delete(t.aliases, n)
	delete(t.orphans, n)
	t.inodes.remove(n)
	if n.blind {
		t.blind--
	}
	switch {
	case n.prev != nil:
		n.prev.next = n.next
	case n.parent != nil:
		n.parent.child = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	}
	for c := n.child; c != nil; {
		next := c.next
		c.parent, c.next, c.prev = nil, nil, nil
		t.orphans[c] = struct{}{}
		c = next
	}
	n.parent, n.child, n.next, n.prev = nil, nil, nil, nil
}

// below returns the nodes at path and below it, parents first.
func (t *tree) below(path string) []*node {
	var all []*node
	var collect func(*node)
	collect = func(n *node) {
		all = append(all, n)
		for c := n.child; c != nil; c = c.next {
			collect(c)
		}
	}
	if n := t.nodes.path(path); n != nil {
		collect(n)
	}
	for o := range t.orphans {
		if o.path != path && isBelow(o.path, path) {
			collect(o)
		}
	}
	return all
}

// names returns the names under which a directory is watched with everything below; none if only single files
// in it matter.
func (t *tree) names(n *node) []string {
	if n == nil {
		return nil
	}
	var names []string
	if n.walked {
		names = append(names, n.path)
	}
	for _, a := range t.aliases[n] {
		names = append(names, a.name)
	}
	return names
}

// mark gives a directory a name, or records that it was seen in this round again.
func (t *tree) mark(n *node, name string, round uint32) (fresh, again bool) {
	if name == n.path {
		fresh, again = !n.walked, n.walked && n.seen == round
		n.walked, n.seen = true, round
		return fresh, again
	}
	list := t.aliases[n]
	for i := range list {
		if list[i].name == name {
			again = list[i].seen == round
			list[i].seen = round
			return false, again
		}
	}
	t.aliases[n] = append(list, alias{name, round})
	return true, false
}

// namesIn lists the names under which a path in a directory is reported.
func (t *tree) namesIn(dir, path string) []string {
	parent := t.nodes.path(dir)
	if parent == nil {
		return nil
	}
	names := make([]string, 0, 4)
	if parent.walked {
		names = append(names, path)
	}
	for _, a := range t.aliases[parent] {
		names = append(names, rebase(path, dir, a.name))
	}
	return names
}

// unmark takes away the names that gone picks.
func (t *tree) unmark(n *node, gone func(name string, seen uint32) bool) {
	if n.walked && gone(n.path, n.seen) {
		n.walked = false
	}
	list := t.aliases[n]
	if len(list) == 0 {
		return
	}
	var kept []alias
	for _, a := range list {
		if !gone(a.name, a.seen) {
			kept = append(kept, a)
		}
	}
	if len(kept) == 0 {
		delete(t.aliases, n)
		return
	}
	t.aliases[n] = kept
}

// idle tells whether nothing needs the node any more.
func (t *tree) idle(n *node) bool {
	return !n.walked && len(t.aliases[n]) == 0 && t.needed[n.path] == 0
}

// setBlind tells whether that has changed.
func (t *tree) setBlind(n *node, blind bool) bool {
	if n.blind == blind || t.nodes.path(n.path) != n {
		return false
	}
	if n.blind = blind; blind {
		t.blind++
	} else {
		t.blind--
	}
	return true
}

// isBelow tells whether path is dir or lies below it.
func isBelow(path, dir string) bool {
	if !strings.HasPrefix(path, dir) {
		return false
	}
	return len(path) == len(dir) || os.IsPathSeparator(path[len(dir)]) || os.IsPathSeparator(dir[len(dir)-1])
}

// parentOf is filepath.Dir for a clean path, without looking at all of it.
func parentOf(path string) string {
	i := strings.LastIndexByte(path, os.PathSeparator)
	if i < 0 {
		return path
	}
	if i+1 == len(path) {
		return path // the top of a file system
	}
	if i == 0 || path[i-1] == ':' {
		return path[:i+1]
	}
	return path[:i]
}

// join is filepath.Join of a clean directory and a name.
func join(dir, name string) string {
	if os.IsPathSeparator(dir[len(dir)-1]) {
		return dir + name
	}
	return dir + separator + name
}

// rebase replaces the prefix from of path with to.
func rebase(path, from, to string) string {
	rest := strings.TrimPrefix(path[len(from):], separator)
	if rest == "" {
		return to
	}
	return join(to, rest)
}
