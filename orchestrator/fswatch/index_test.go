package fswatch

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestIndexIsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	paths, inodes := newPathIndex(), newInodeIndex()
	byPath, byInode := map[string]*node{}, map[uint64]*node{}
	for range 100_000 {
		n := &node{path: fmt.Sprint("/d/", random.IntN(3000)), inode: random.Uint64N(3000)}
		if random.IntN(2) == 0 {
			paths.put(n)
			inodes.put(n)
			byPath[n.path], byInode[n.inode] = n, n
			continue
		}
		if old := byPath[n.path]; old != nil {
			paths.remove(old)
			delete(byPath, n.path)
		}
		if old := byInode[n.inode]; old != nil {
			inodes.remove(old)
			delete(byInode, n.inode)
		}
		inodes.remove(n) // it is not there, whoever else has its number
		if got, want := paths.path(n.path), byPath[n.path]; got != want {
			t.Fatalf("path %s leads to %v, want %v", n.path, got, want)
		}
	}
	for i := range 3000 {
		path, inode := fmt.Sprint("/d/", i), uint64(i)
		if got, want := paths.path(path), byPath[path]; got != want {
			t.Errorf("path %s leads to %v, want %v", path, got, want)
		}
		if got, want := inodes.inode(inode), byInode[inode]; got != want {
			t.Errorf("inode %d leads to %v, want %v", inode, got, want)
		}
	}
	count := 0
	for n := range paths.all() {
		if byPath[n.path] != n {
			t.Errorf("all has %s, which was taken out", n.path)
		}
		count++
	}
	if count != len(byPath) || paths.len() != count || inodes.len() != len(byInode) {
		t.Errorf("%d nodes are told, %d and %d are counted, want %d and %d", count, paths.len(), inodes.len(), len(byPath), len(byInode))
	}
}
