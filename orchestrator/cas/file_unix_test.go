//go:build linux || darwin || freebsd

package cas_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
)

func TestOnlyOwnStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for mode, ok := range map[os.FileMode]bool{0o700: true, 0o755: true, 0o775: false, 0o702: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := cas.Open(dir, limit); (err == nil) != ok {
			t.Errorf("%#o: %v", mode, err)
		}
	}
	file := filepath.Join(dir, "f")
	write(t, file, nil)
	if _, err := cas.Open(file, limit); err == nil {
		t.Error("a file is a store")
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Chmod(dir, 0o700), os.Chown(dir, 1, -1)); err != nil {
			t.Fatal(err)
		}
		if _, err := cas.Open(dir, limit); err == nil {
			t.Error("another user's directory is a store")
		}
	}
}

// What is no file is no content, and nobody waits for it.
func TestPutNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"))
	write(t, filepath.Join(dir, "file"), []byte("x"))
	if err := errors.Join(syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600), os.Symlink("file", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"missing", "fifo", "link", "."} {
		if d, err := s.PutFile(filepath.Join(dir, name)); err == nil {
			t.Error(name, d)
		}
	}
	if _, err := s.PutFile(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	// Nor in the place of an entry.
	d := put(t, s, []byte("x"))
	entry := files(t, filepath.Join(dir, "store"), "blobs")[0]
	if err := errors.Join(os.Remove(entry), syscall.Mkfifo(entry, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(d); !errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
}

// Who reads a blob while it is evicted reads it to its end.
func TestEvictedWhileRead(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	data := noise(1, 3<<20)
	r, err := s.Open(put(t, s, data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got bytes.Buffer
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if n, err := got.ReadFrom(r); n != 3<<20-1 || err != nil || !bytes.Equal(got.Bytes(), data[1:]) {
		t.Error(n, err)
	}
	if _, err := s.Open(reapi.DigestOf(data)); !errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
}

// A file beside that a killed process has left is taken over; one that another process writes, or something else that has
// the name, is not.
func TestLeftBeside(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	d := put(t, s, []byte("new"))
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	const name = ".devloop-252f10c83610ebca~" // for "f"
	left, outside := filepath.Join(dir, name), filepath.Join(t.TempDir(), "outside")
	write(t, outside, []byte("not touched"))
	restore := func(others ...string) {
		t.Helper()
		if err := s.Restore(d, path, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != "new" {
			t.Errorf("%q, %v", got, err)
		}
		if got := files(t, dir, ""); len(got) != 1+len(others) {
			t.Error(got)
		}
		_ = os.Remove(path)
	}
	write(t, left, []byte("a longer text than the new one"))
	restore()
	f, err := os.Create(left)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	restore(left)
	if err := errors.Join(os.Remove(left), os.Symlink(outside, left)); err != nil {
		t.Fatal(err)
	}
	restore(left)
	if err := errors.Join(os.Remove(left), os.Link(outside, left)); err != nil {
		t.Fatal(err)
	}
	restore(left)
	if got, err := os.ReadFile(outside); string(got) != "not touched" {
		t.Errorf("%q, %v", got, err)
	}
}

// What killed processes were writing goes when the next one writes; what is being written does not.
func TestLeftTemporaries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, open(t, dir), []byte("x"))
	left, live := filepath.Join(dir, "tmp", "1"), filepath.Join(dir, "tmp", "2")
	write(t, left, []byte("half"))
	f, err := os.Create(live)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, dir), []byte("y"))
	if got := files(t, dir, "tmp"); len(got) != 1 || got[0] != live {
		t.Error(got)
	}
}
