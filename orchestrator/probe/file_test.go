package probe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMark(t *testing.T) {
	write := func(path, text string, mtime time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, mtime, mtime); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	for _, c := range []struct {
		what    string
		before  func(path string)
		then    func(path string)
		changed bool
	}{
		{"nothing is there", nil, nil, false},
		{"it appears", nil, func(p string) { write(p, "", now) }, true},
		{"it stays", func(p string) { write(p, "x", now) }, nil, false},
		{"its time is in the future, and it stays", func(p string) { write(p, "x", now.AddDate(50, 0, 0)) }, nil, false},
		{"it is touched", func(p string) { write(p, "x", now) }, func(p string) { write(p, "x", now.Add(time.Second)) }, true},
		{"it is touched while the clock is set back", func(p string) { write(p, "x", now) }, func(p string) { write(p, "x", now.Add(-time.Hour)) }, true},
		{"it is written in the same tick", func(p string) { write(p, "x", now) }, func(p string) { write(p, "xx", now) }, true},
		{"another one takes its place, of the same time", func(p string) { write(p, "x", now) }, func(p string) {
			write(p+".new", "x", now)
			if err := os.Rename(p+".new", p); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"it goes", func(p string) { write(p, "x", now) }, func(p string) { os.Remove(p) }, false},
		{"a directory", nil, func(p string) { os.Mkdir(p, 0o700) }, true},
	} {
		path := filepath.Join(t.TempDir(), "ready")
		if c.before != nil {
			c.before(path)
		}
		mark := MarkFile(path)
		if c.then != nil {
			c.then(path)
		}
		if err := mark.Changed(); (err == nil) != c.changed {
			t.Errorf("%s: got %v", c.what, err)
		}
	}
	if err := MarkFile(filepath.Join(t.TempDir(), "ready")).Changed(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
