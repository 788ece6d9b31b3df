package filewatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestIndexLocks: which locks of git are waited for, and what is told of them.
func TestIndexLocks(t *testing.T) {
	dir := t.TempDir()
	lock := filepath.Join(dir, ".git", "index.lock")
	lay := func(age time.Duration) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
			t.Fatal(err)
		}
		os.Remove(lock)
		if err := os.WriteFile(lock, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(lock, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	var g gitLocks
	look := func(what string, after time.Duration, runs, busy, told bool) {
		t.Helper()
		now = now.Add(after)
		g.looked, g.runs = now, runs
		is, notes := g.busy([]string{dir, dir}, now)
		if is != busy || len(notes) > 0 != told || len(notes) > 1 {
			t.Errorf("%s: busy %v, told %q", what, is, notes)
		}
	}
	look("no repository", 0, true, false, false)
	lay(0)
	look("a new one", 0, true, true, false)
	look("a little later", 2*time.Second, true, true, false)
	look("and no git runs", 0, false, false, true)
	look("told once", time.Hour, true, false, false)
	os.Remove(lock)
	look("none", 0, true, false, false)
	now = time.Now()
	lay(-time.Hour)
	look("one from the future", 0, false, true, false)
	look("for long, while git is at work on something", lockPatience, true, false, true)
	now = time.Now()
	lay(time.Hour)
	look("an old one", 0, true, false, true)
	lay(time.Minute)
	look("another", 0, true, false, true)
}
