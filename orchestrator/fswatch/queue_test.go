package fswatch

import (
	"os"
	"path/filepath"
	"testing"
)

// A job that leads to another like it, for ever, does not keep a barrier back.
func TestALongChainOfJobsLetsABarrierPass(t *testing.T) {
	q := newQueue()
	q.put(job{kind: jobAppeared})
	q.put(job{kind: jobToken, token: 7})
	for range 2 * longChain {
		if j, _ := q.take(); j.kind == jobToken {
			return
		}
		q.putFirst(job{kind: jobAppeared})
	}
	t.Error("the barrier never had its turn")
}

// Two file systems may give two directories the same number: neither is taken
// for the other at a new place.
func TestTheSameNumberOnTwoFileSystems(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	for _, d := range []string{here, there} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s := &watched{T: t}
	s.start(Options{Roots: []string{here}})
	info, err := os.Lstat(here)
	if err != nil {
		t.Fatal(err)
	}
	if inodeOf(info) == 0 {
		t.Skip("directories have no numbers here")
	}
	n, added, _, _ := s.w.dirs.enter(step{real: there, name: there, inode: inodeOf(info)}, 1)
	if n == nil || !added {
		t.Fatalf("the second directory was not watched: %v, %v", n, added)
	}
	s.w.dirs.tree.mu.RLock()
	first := s.w.dirs.tree.nodes.path(here)
	s.w.dirs.tree.mu.RUnlock()
	if first == nil {
		t.Error("the first directory is not watched any more")
	}
}
