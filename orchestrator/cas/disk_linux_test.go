package cas_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/testenv"
)

// mount mounts a file system until unmount is called, or the test ends.
func mount(t *testing.T, dir, kind string, flags uintptr, options string) (unmount func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount")
	}
	switch err := unix.Mount("none", dir, kind, flags, options); {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENODEV):
		t.Skipf("%s cannot be mounted here: %v", kind, err)
	case err != nil:
		t.Fatal(err)
	}
	unmount = sync.OnceFunc(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(unmount)
	return unmount
}

// A full disk keeps what it has, and takes what it has place for.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	elsewhere := open(t, t.TempDir())
	mount(t, dir, "tmpfs", 0, "size=1m,mode=700")
	mount(t, out, "tmpfs", 0, "size=64k")
	s := open(t, dir)
	var kept []reapi.Digest
	failed := 0
	for i := range 100 {
		data := noise(uint64(i), 1+i%7*10_000)
		d, err := s.Put(bytes.NewReader(data))
		if err == nil {
			kept = append(kept, d)
		} else {
			failed++
		}
		if err := s.PutResult(reapi.DigestOf(data), data); err != nil {
			failed++
		}
	}
	if failed == 0 || len(kept) == 0 {
		t.Errorf("%d were kept, %d were not", len(kept), failed)
	}
	for _, d := range kept {
		if got, err := get(s, d); err != nil || reapi.DigestOf(got) != d {
			t.Error(d, err)
		}
	}
	if left := files(t, dir, "tmp"); left != nil {
		t.Error(left)
	}
	if err := s.Trim(); err != nil {
		t.Error(err)
	}

	// So does one on which something is to be put back.
	path := filepath.Join(out, "f")
	write(t, path, []byte("before"))
	d := put(t, elsewhere, noise(1, 1<<20))
	if err := elsewhere.Restore(d, path, 0o644); err == nil || errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); string(got) != "before" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if left := files(t, out, ""); len(left) != 1 {
		t.Error(left)
	}
	if !elsewhere.Has(d) {
		t.Error("it was taken for damaged")
	}
}

// A store that cannot be written gives what it has.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount(t, dir, "tmpfs", 0, "size=1m,mode=700")
	s := open(t, dir)
	data := []byte("content")
	d := put(t, s, data)
	if err := s.PutResult(d, data); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=1m,mode=700"); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if err := expect(data)(get(s, d)); err != nil {
		t.Error(err)
	}
	if err := expect(data)(s.Result(d)); err != nil {
		t.Error(err)
	}
	if err := s.Restore(d, filepath.Join(t.TempDir(), "f"), 0o600); err != nil || !s.Has(d) {
		t.Error(err)
	}
	if _, err := s.Put(bytes.NewReader([]byte("x"))); err == nil {
		t.Error("it was put")
	}
	if err := s.PutNote("n", nil); err == nil {
		t.Error("it was put")
	}
}

// A directory that does not answer costs two seconds, once; and when it has an answer, it is asked again.
func TestHungDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	data := []byte("content")
	d := put(t, s, data)
	if err := s.PutResult(d, data); err != nil {
		t.Fatal(err)
	}
	// A file system of which nobody reads what it is asked.
	fuse, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	unmount := mount(t, dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse))
	for range 2 {
		if s.Has(d) {
			t.Error("it is there")
		}
		_, opened := s.Open(d)
		_, result := s.Result(d)
		_, put := s.Put(bytes.NewReader(data))
		for _, err := range []error{opened, result, put, s.Restore(d, filepath.Join(t.TempDir(), "f"), 0o600), s.PutResult(d, data), s.Trim()} {
			if err == nil || errors.Is(err, cas.ErrMissing) {
				t.Error(err)
			}
		}
	}
	if err := unix.Close(fuse); err != nil {
		t.Fatal(err)
	}
	unmount()
	testenv.UntilTrue(t, "what is asked again", func() bool { return s.Has(d) })
}
