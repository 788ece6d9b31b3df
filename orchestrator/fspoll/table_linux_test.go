package fspoll

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMountTable mounts a file system for real, which takes root.
func TestMountTable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount")
	}
	table, err := OpenMountTable()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := filepath.Join(t.TempDir(), "two words")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for unix.Unmount(dir, unix.MNT_DETACH) == nil { // whatever a failure has left
		}
	})
	mount := func() {
		t.Helper()
		switch err := unix.Mount("none", dir, "tmpfs", 0, ""); err {
		case nil:
		case unix.EPERM, unix.ENODEV:
			t.Skipf("nothing can be mounted here: %v", err)
		default:
			t.Fatal(err)
		}
	}
	unmount := func() {
		t.Helper()
		if err := unix.Unmount(dir, 0); err != nil {
			t.Fatal(err)
		}
	}
	changes := func() {
		t.Helper()
		limit := time.After(30 * time.Second)
		for { // others may mount something too
			select {
			case <-table.Wake():
				if slices.Contains(table.Take(), dir) {
					return
				}
			case <-limit:
				t.Fatal("no change was seen")
			}
		}
	}
	mount()
	changes()
	mount() // over it
	changes()
	unmount()
	changes()
	unmount()
	changes()
	if slices.Contains(table.Take(), dir) {
		t.Error("what has been taken comes again")
	}
}
