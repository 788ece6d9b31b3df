package fswatch

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWritesThroughAMap: what is written through a memory map is reported when the map is closed, before a barrier that
// comes after it; also when the file was found in a directory that has just appeared, and when it is written to for
// the second time.
func TestWritesThroughAMap(t *testing.T) {
	w := watched{T: t}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.start(Options{Roots: []string{dir}})
	w.settle()
	for _, name := range []string{"f", "new/f", "f"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(4096); err != nil {
			t.Fatal(err)
		}
		mapped, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if changes, _ := w.settle(); changes[path].Path != path {
			t.Errorf("%s: its making was not reported: %v", name, changes)
		}
		copy(mapped, name)
		if err := unix.Munmap(mapped); err != nil {
			t.Fatal(err)
		}
		if changes, _ := w.settle(); changes[path].Path != path {
			t.Errorf("%s: what was written through the map was not reported: %v", name, changes)
		}
	}
}

// TestManyFilesAreWaitedFor: those that were written to last are.
func TestManyFilesAreWaitedFor(t *testing.T) {
	dir := t.TempDir()
	var told []string
	c := newClosings(func(path string) { told = append(told, path) })
	defer c.close()
	var files []*os.File
	for i := range 3 * closingMost {
		f, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		c.await(f.Name(), i%2 == 0)
		c.await(f.Name(), i%2 != 0)
	}
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c.drain()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(told) != closingMost || told[0] != files[2*closingMost].Name() || len(c.paths)+len(c.watches)+len(c.order) != 0 {
		t.Errorf("%d were told of; %d, %d and %d are left", len(told), len(c.paths), len(c.watches), len(c.order))
	}
}
