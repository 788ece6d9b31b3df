package cas_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
)

// damages are all ways in which data may be one byte or one end away from what it was.
func damages(data []byte) (all [][]byte) {
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1
		all = append(all, flipped, data[:i])
	}
	return append(all, append(bytes.Clone(data), 0))
}

func TestDamagedBlob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	data := []byte("what was built, and is not any more")
	target := filepath.Join(t.TempDir(), "f")
	write(t, target, []byte("before"))
	d := put(t, s, data)
	file := files(t, dir, "blobs")[0]
	for _, bad := range damages(data) {
		write(t, file, bad)
		if len(bad) != len(data) && s.Has(d) {
			t.Errorf("%q counts as the blob", bad)
		}
		if got, err := get(s, d); !errors.Is(err, cas.ErrMissing) {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
		if s.Has(d) || files(t, dir, "blobs") != nil {
			t.Errorf("%q: it is still there", bad)
		}
		write(t, file, bad)
		if err := s.Restore(d, target, 0o600); !errors.Is(err, cas.ErrMissing) {
			t.Errorf("%q: %v", bad, err)
		}
		if files(t, dir, "blobs") != nil {
			t.Errorf("%q: it is still there", bad)
		}
	}
	if got, err := os.ReadFile(target); string(got) != "before" || err != nil {
		t.Errorf("what was there before: %q, %v", got, err)
	}
	if left := files(t, filepath.Dir(target), ""); len(left) != 1 {
		t.Error(left)
	}
	put(t, s, data)
	write(t, file, bytes.ToUpper(data))
	put(t, s, data)
	if got, err := get(s, d); err != nil || !bytes.Equal(got, data) {
		t.Errorf("put again: %q, %v", got, err)
	}
}

func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	key, other := reapi.DigestOf([]byte("action")), reapi.DigestOf([]byte("another"))
	for kind, do := range map[string]struct {
		put func() error
		get func() ([]byte, error)
	}{
		"results": {func() error { return s.PutResult(key, []byte("result")) }, func() ([]byte, error) { return s.Result(key) }},
		"notes":   {func() error { return s.PutNote("n", []byte("note")) }, func() ([]byte, error) { return s.Note("n") }},
	} {
		if err := do.put(); err != nil {
			t.Fatal(err)
		}
		file := files(t, dir, kind)[0]
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range damages(whole) {
			write(t, file, bad)
			if got, err := do.get(); !errors.Is(err, cas.ErrMissing) {
				t.Errorf("%s: %q, %v", kind, got, err)
			}
			if files(t, dir, kind) != nil {
				t.Errorf("%s: it is still there", kind)
			}
		}
	}
	// A record is good for one key only.
	if err := s.PutResult(key, []byte("result")); err != nil {
		t.Fatal(err)
	}
	file := files(t, dir, "results")[0]
	if err := s.PutResult(other, []byte("result")); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files(t, dir, "results"), func(f string) bool { return f != file })
	if err := os.Rename(files(t, dir, "results")[i], file); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Result(key); !errors.Is(err, cas.ErrMissing) {
		t.Errorf("%q, %v", got, err)
	}
}

// Whatever is in the place of an entry, it is a miss, and does not stay.
func TestNotAnEntry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	data := []byte("content")
	d := put(t, s, data)
	file := files(t, dir, "blobs")[0]
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, data)
	for what, place := range map[string]func() error{
		"a symbolic link": func() error { return os.Symlink(outside, file) },
		"a directory":     func() error { return os.Mkdir(file, 0o700) },
	} {
		if err := errors.Join(os.Remove(file), place()); err != nil {
			t.Fatal(err)
		}
		if s.Has(d) {
			t.Error(what, "counts as a blob")
		}
		if got, err := get(s, d); !errors.Is(err, cas.ErrMissing) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
		put(t, s, data)
		if got, err := get(s, d); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	if got, err := os.ReadFile(outside); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRestoreOver(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	d := put(t, s, []byte("new"))
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, outside, []byte("not touched"))
	link := filepath.Join(dir, "link")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if err := s.Restore(d, link, 0o644); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
		t.Error(info, err)
	}
	if got, err := os.ReadFile(outside); string(got) != "not touched" {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.Restore(d, dir, 0o644); err == nil {
		t.Error("a directory was replaced")
	}
	if got := files(t, dir, ""); len(got) != 1 {
		t.Error(got)
	}
}

// A store that was removed while it was open is made again.
func TestRemovedStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	put(t, s, []byte("x"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	d := put(t, s, []byte("x"))
	if got, err := get(s, d); string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}

// fill puts so many blobs of a MiB, used one minute after the other up to the time.
func fill(t *testing.T, s *cas.Store, dir string, n int, last time.Time) (all []reapi.Digest) {
	t.Helper()
	for i := range n {
		d := put(t, s, noise(uint64(i), 1<<20))
		all = append(all, d)
		used := last.Add(-time.Duration(n-1-i) * time.Hour)
		file := filepath.Join(dir, "blobs", d.Hex()[:2], d.Hex())
		if err := os.Chtimes(file, used, used); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func left(s *cas.Store, all []reapi.Digest) (which []int) {
	for i, d := range all {
		if s.Has(d) {
			which = append(which, i)
		}
	}
	return which
}

func TestTrim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := cas.Open(dir, 20<<20)
	if err != nil {
		t.Fatal(err)
	}
	all := fill(t, s, dir, 20, time.Now())
	if err := s.Trim(); err != nil {
		t.Fatal(err)
	}
	if got := left(s, all[:1]); got == nil { // and counts as used
		t.Error("what has its place was removed")
	}
	all = append(all, put(t, s, noise(100, 1<<20)))
	if err := s.Trim(); err != nil {
		t.Fatal(err)
	}
	if got := left(s, all); len(got) != 18 || got[0] != 0 || got[1] != 4 {
		t.Error(got)
	}
	if u, err := s.Usage(); err != nil || u.Bytes != 18<<20 || u.Blobs != 18 {
		t.Error(u, err)
	}
	if err := s.PutNote("n", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if u, err := s.Usage(); err != nil || u.Bytes != 0 || u.Notes != 0 {
		t.Error(u, err)
	}
	if _, err := s.Put(bytes.NewReader(make([]byte, 21<<20))); err == nil {
		t.Error("a blob that is larger than the store was put")
	}
	if got := files(t, dir, "tmp"); got != nil {
		t.Error(got)
	}
}

// A clock that was wrong decides neither what stays for ever nor that all goes.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{10 * 365 * 24 * time.Hour, 2 * time.Hour, -10 * 365 * 24 * time.Hour} {
		dir := t.TempDir()
		s, err := cas.Open(dir, 20<<20)
		if err != nil {
			t.Fatal(err)
		}
		old := fill(t, s, dir, 18, time.Now().Add(jump))
		fresh := []reapi.Digest{put(t, s, noise(100, 1<<20)), put(t, s, noise(101, 1<<20)), put(t, s, noise(102, 1<<20))}
		if err := s.Trim(); err != nil {
			t.Fatal(err)
		}
		if got := left(s, fresh); len(got) != 3 {
			t.Errorf("%v: of what was used last, there is only %v", jump, got)
		}
		if got := left(s, old); len(got) != 15 {
			t.Errorf("%v: of the others, there is %v", jump, got)
		}
	}
}

// The number in the file that tells how much there is may be wrong or missing.
func TestEstimate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", "5\n", "-000000000000000005\n", "9999999999999999999\n", "9223372036854775807\n", "00000000000000000000000\n"} {
		dir := t.TempDir()
		s, err := cas.Open(dir, 10<<20)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, dir, 12, time.Now())
		write(t, filepath.Join(dir, "size"), []byte(text))
		put(t, s, []byte("x"))
		if err := s.Trim(); err != nil {
			t.Fatal(err)
		}
		if u, err := s.Usage(); err != nil || u.Bytes > 9<<20 || u.Bytes < 8<<20 {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}
