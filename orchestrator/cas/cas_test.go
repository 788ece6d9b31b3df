package cas_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
)

const limit = 64 << 20

func open(t testing.TB, dir string) *cas.Store {
	t.Helper()
	s, err := cas.Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *cas.Store, data []byte) reapi.Digest {
	t.Helper()
	d, err := s.Put(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if want := reapi.DigestOf(data); d != want {
		t.Fatalf("%s, and not %s", d, want)
	}
	return d
}

func get(s *cas.Store, d reapi.Digest) ([]byte, error) {
	r, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are those in a store with entries of a kind, or what was written and not finished.
func files(t testing.TB, dir, kind string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, kind), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBlob(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, dir)
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("devloop "), 100_000)} {
		d := reapi.DigestOf(data)
		if s.Has(d) {
			t.Error("it is there before it was put")
		}
		if _, err := s.Open(d); !errors.Is(err, cas.ErrMissing) {
			t.Error(err)
		}
		if err := s.Restore(d, filepath.Join(t.TempDir(), "f"), 0o644); !errors.Is(err, cas.ErrMissing) {
			t.Error(err)
		}
		put(t, s, data)
		put(t, s, data)
		if !s.Has(d) {
			t.Error("it is not there")
		}
		if got, err := get(s, d); err != nil || !bytes.Equal(got, data) {
			t.Error(len(got), err)
		}
		path := filepath.Join(t.TempDir(), "new", "f")
		before := time.Now()
		if err := s.Restore(d, path, 0o751); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, data) {
			t.Error(len(got), err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o751 || info.ModTime().After(time.Now()) || info.ModTime().Before(before.Add(-time.Second)) {
			t.Error(info.Mode(), info.ModTime(), err)
		}
		if d, err := s.PutFile(path); err != nil || d != reapi.DigestOf(data) {
			t.Error(d, err)
		}
		if left := files(t, dir, "tmp"); left != nil {
			t.Error(left)
		}
	}
	u, err := s.Usage()
	if err != nil || u.Blobs != 3 || u.Results != 0 || u.Notes != 0 || u.Bytes < 800_000 {
		t.Error(u, err)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	key := reapi.DigestOf([]byte("action"))
	if _, err := s.Result(key); !errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
	if _, err := s.Note("n"); !errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
	for _, data := range []string{"one", "", "another"} {
		if err := errors.Join(s.PutResult(key, []byte(data)), s.PutNote("n", []byte(data+"!"))); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Result(key); err != nil || string(got) != data {
			t.Errorf("%q %v", got, err)
		}
		if got, err := s.Note("n"); err != nil || string(got) != data+"!" {
			t.Errorf("%q %v", got, err)
		}
	}
}
