package probe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ready")
	since := time.Date(2024, 5, 6, 7, 8, 9, 500e6, time.UTC) // an odd second
	even := since.Add(time.Second)
	second := func(s time.Time) time.Time { return s.Truncate(time.Second) }
	if err := File(path, since); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what         string
		mtime, since time.Time
		ready        bool
	}{
		{"later", since.Add(time.Nanosecond), since, true},
		{"the same", since, since, true},
		{"two ticks of the kernel's clock before", since.Add(-20 * time.Millisecond), since, true},
		{"more than that before", since.Add(-21 * time.Millisecond), since, false},
		{"long before", since.Add(-time.Hour), since, false},
		{"whole seconds: the same second", second(since), since, true},
		{"whole seconds: the second before", second(since).Add(-2 * time.Second), since, false},
		{"whole seconds, odd: the second before", second(since), even, false},
		{"whole seconds, even: one of two", second(even), even.Add(time.Second), true},
		{"whole seconds, even: the pair before", second(even), even.Add(2 * time.Second), false},
		{"whole seconds: rounded down with a tick", second(since), second(even).Add(5 * time.Millisecond), true},
	} {
		if err := os.Chtimes(path, c.mtime, c.mtime); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(c.mtime) {
			t.Logf("%s: left out, since this file system keeps %v as %v", c.what, c.mtime, info.ModTime())
			continue
		}
		if err := File(path, c.since); (err == nil) != c.ready {
			t.Errorf("%s (%v, since %v): got %v, want ready %v", c.what, c.mtime, c.since, err, c.ready)
		}
	}
}

// TestFileJustWritten: what is written after since is new on this very file
// system, however coarse its clock is.
func TestFileJustWritten(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "ready")
		since := time.Now()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := File(path, since); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileDirectory(t *testing.T) {
	if err := File(t.TempDir(), time.Now().Add(-time.Hour)); err != nil {
		t.Error(err)
	}
}
