package fswatch

import (
	"hash/maphash"
	"iter"
)

// index finds nodes by a key that they hold themselves, in 10 to 20 bytes a node: a Go map would hold the key
// again. The zero value of slots is an empty index.
type index struct {
	slots []*node // open addressing, in steps of one
	used  int
	hash  func(*node) uint64
	same  func(a, b *node) bool // they have the same key
}

var pathSeed = maphash.MakeSeed()

func hashPath(path string) uint64 { return maphash.String(pathSeed, path) }

// hashInode spreads consecutive numbers (Fibonacci hashing).
func hashInode(inode uint64) uint64 { return inode * 0x9e3779b97f4a7c15 >> 7 }

func newPathIndex() index {
	return index{hash: func(n *node) uint64 { return hashPath(n.path) }, same: func(a, b *node) bool { return a.path == b.path }}
}

func newInodeIndex() index {
	return index{hash: func(n *node) uint64 { return hashInode(n.inode) }, same: func(a, b *node) bool { return a.inode == b.inode }}
}

func (x *index) len() int { return x.used }

// path is the node of a path, in an index of paths.
func (x *index) path(path string) *node {
	if x.used == 0 {
		return nil
	}
	for i := x.at(hashPath(path)); ; i = x.after(i) {
		if n := x.slots[i]; n == nil || n.path == path {
			return n
		}
	}
}

// inode is the node of an inode, in an index of inodes.
func (x *index) inode(inode uint64) *node {
	if x.used == 0 {
		return nil
	}
	for i := x.at(hashInode(inode)); ; i = x.after(i) {
		if n := x.slots[i]; n == nil || n.inode == inode {
			return n
		}
	}
}

func (x *index) at(hash uint64) int { return int(hash & uint64(len(x.slots)-1)) }

func (x *index) after(i int) int { return (i + 1) & (len(x.slots) - 1) }

// put adds a node, and replaces another one with the same key.
func (x *index) put(n *node) {
	if x.used >= len(x.slots)*3/4 {
		old := x.slots
		x.slots, x.used = make([]*node, max(16, 2*len(old))), 0
		for _, o := range old {
			if o != nil {
				x.place(o)
			}
		}
	}
	x.place(n)
}

func (x *index) place(n *node) {
	i := x.at(x.hash(n))
	for ; x.slots[i] != nil; i = x.after(i) {
		if x.same(x.slots[i], n) {
			x.slots[i] = n
			return
		}
	}
	x.slots[i] = n
	x.used++
}

// remove takes out the node itself, not another one with the same key.
func (x *index) remove(n *node) {
	if x.used == 0 {
		return
	}
	i := x.at(x.hash(n))
	for x.slots[i] != n {
		if x.slots[i] == nil {
			return
		}
		i = x.after(i)
	}
	x.slots[i] = nil
	x.used--
	// What follows may be where it is only because this slot was taken.
	for i = x.after(i); x.slots[i] != nil; i = x.after(i) {
		moved := x.slots[i]
		x.slots[i] = nil
		x.used--
		x.place(moved)
	}
}

// all iterates over the nodes, in no order.
func (x *index) all() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for _, n := range x.slots {
			if n != nil && !yield(n) {
				return
			}
		}
	}
}
