package fswatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestWatchLimit runs out of watches in the middle of a tree: the rest works, and the user is told what to do.
func TestWatchLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		kind   NoticeKind
		remedy string
	}{
		{"no watches left", syscall.ENOSPC, LimitReached, "fs.inotify.max_user_watches"},
		{"no descriptors left", syscall.EMFILE, LimitReached, "ulimit -n"},
		{"permission", syscall.EACCES, Unreadable, "permission denied"},
		{"other", syscall.EIO, Failed, "input/output error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !ordered {
				t.Skip("the errors and the remedies are Linux's")
			}
			dir := realTemp(t)
			for i := range 10 {
				for _, name := range []string{"full", "good"} {
					file := filepath.Join(dir, name, fmt.Sprint(i), "x")
					if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, nil, 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			var room atomic.Bool
			s := &watched{T: t, refuse: func(at string) error {
				if strings.HasPrefix(at, filepath.Join(dir, "full")+separator) && !room.Load() {
					return c.err
				}
				return nil
			}}
			s.start(Options{Roots: []string{dir}})
			s.settle()
			if len(s.notes) != 1 || s.notes[0].Kind != c.kind || !strings.Contains(s.notes[0].Text, c.remedy) || !strings.Contains(s.notes[0].Text, "9 other directories") {
				t.Errorf("notices: %+v", s.notes)
			}
			if stats := s.w.Stats(); stats.Unwatched != 10 {
				t.Errorf("%+v; want 10 directories unwatched", stats)
			}
			touch := func() {
				for _, name := range []string{"full", "good"} {
					if err := os.WriteFile(filepath.Join(dir, name, "3", "x"), []byte("new"), 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			touch()
			changes, _ := s.settle()
			if len(changes) != 1 || changes[filepath.Join(dir, "good", "3", "x")].Op&Write == 0 {
				t.Errorf("changes: %v", changes)
			}
			// A new directory that cannot be watched is told of too, but not each anew.
			s.notes = nil
			if err := os.MkdirAll(filepath.Join(dir, "full", "new"), 0o777); err != nil {
				t.Fatal(err)
			}
			s.settle()
			if len(s.notes) != 0 {
				t.Errorf("notices: %+v", s.notes)
			}

			// There is room again: looking anew finds what was not seen.
			room.Store(true)
			s.w.Refilter()
			changes, _ = s.settle()
			if _, ok := changes[filepath.Join(dir, "full", "3", "x")]; !ok || s.w.Stats().Unwatched != 0 {
				t.Errorf("changes: %v, %+v", changes, s.w.Stats())
			}
			touch()
			if changes, _ = s.settle(); len(changes) != 2 {
				t.Errorf("changes: %v", changes)
			}
		})
	}
}

// TestUnreadableAtFirst: a directory that becomes readable is watched from then on.
func TestUnreadableAtFirst(t *testing.T) {
	if !ordered {
		t.Skip("elsewhere attributes of directories are not reported")
	}
	dir := realTemp(t)
	secret := filepath.Join(dir, "secret")
	if err := os.Mkdir(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	var readable atomic.Bool
	s := &watched{T: t, refuse: func(at string) error {
		if at == secret && !readable.Load() {
			return &fs.PathError{Op: "watch", Path: at, Err: syscall.EACCES}
		}
		return nil
	}}
	s.start(Options{Roots: []string{dir}})
	if err := os.WriteFile(filepath.Join(secret, "x"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if changes, _ := s.settle(); len(changes) != 0 {
		t.Errorf("changes: %v", changes)
	}
	readable.Store(true)
	if err := os.Chmod(secret, 0o755); err != nil {
		t.Fatal(err)
	}
	changes, _ := s.settle()
	if _, ok := changes[filepath.Join(secret, "x")]; !ok {
		t.Errorf("changes: %v", changes)
	}
}

func TestNoInstanceLeft(t *testing.T) {
	err := fmt.Errorf("watch files: %w: %s", ErrLimit, instanceRemedy(syscall.EMFILE))
	if !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	if ordered && !strings.Contains(err.Error(), "fs.inotify.max_user_instances is ") {
		t.Error(err)
	}
}

// TestUnreadableIsCountedOnce: a directory that can neither be watched nor read is one directory, also when that is
// tried again.
func TestUnreadableIsCountedOnce(t *testing.T) {
	dir := realTemp(t)
	secret := filepath.Join(dir, "secret")
	if err := os.Mkdir(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &watched{T: t}
	s.start(Options{Roots: []string{dir}})
	s.w.dirs.tree.mu.RLock()
	n := s.w.dirs.tree.nodes.path(secret)
	s.w.dirs.tree.mu.RUnlock()
	denied := &fs.PathError{Op: "open", Path: secret, Err: syscall.EACCES}
	for range 3 {
		s.w.dirs.unreadable(n, denied, true)
	}
	s.w.dirs.trouble.report(s.w.pending)
	s.wait()
	if want := "changes in " + secret + " are not seen: permission denied"; len(s.notes) != 1 || s.notes[0].Text != want {
		t.Errorf("notices: %+v, want one: %s", s.notes, want)
	}
}
