//go:build unix

package listenfd

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func sockPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "listenfd") // t.TempDir is too long where TMPDIR is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "web.sock")
}

// abandon leaves a socket file behind that nobody serves, as a killed server does.
func abandon(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPathIsServedAndRemoved(t *testing.T) {
	path := sockPath(t)
	s := mustOpen(t, Spec{Network: Unix, Path: path})
	if s.Addr() != path || s.Port() != 0 {
		t.Errorf("address %s, port %d", s.Addr(), s.Port())
	}
	startRole(t, "serve", s).hears("serving")
	if got := ask(t, s); got != "hello\n" {
		t.Errorf("server said %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v, want the file gone", err)
	}
}

func TestPathMode(t *testing.T) {
	for _, mode := range []os.FileMode{0, 0o600, 0o666, 0o777} {
		path := sockPath(t)
		mustOpen(t, Spec{Network: Unix, Path: path, Mode: mode})
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		want := mode
		if want == 0 {
			want = 0o600
		}
		if info.Mode().Perm() != want {
			t.Errorf("mode %v for %v", info.Mode().Perm(), mode)
		}
	}
}

func TestStalePathIsReplaced(t *testing.T) {
	path := sockPath(t)
	abandon(t, path)
	s := mustOpen(t, Spec{Network: Unix, Path: path})
	startRole(t, "serve", s).hears("serving")
	if got := ask(t, s); got != "hello\n" {
		t.Errorf("server said %q", got)
	}
}

func TestLivePathIsAnError(t *testing.T) {
	path := sockPath(t)
	first := mustOpen(t, Spec{Network: Unix, Path: path})
	_, err := Open(Spec{Network: Unix, Path: path})
	var inUse *InUseError
	if !errors.As(err, &inUse) || !errors.Is(err, unix.EADDRINUSE) || inUse.Addr != path {
		t.Fatalf("%v, want an InUseError", err)
	}
	startRole(t, "serve", first).hears("serving")
	if got := ask(t, first); got != "hello\n" {
		t.Errorf("the first one says %q", got)
	}
}

// A socket whose queue is full lives, and asking it must not wait for room.
func TestLivePathWithAFullQueueIsAnError(t *testing.T) {
	path := sockPath(t)
	mustOpen(t, Spec{Network: Unix, Path: path, Backlog: 1})
	full := false
	for !full {
		c, err := net.Dial("unix", path)
		if err == nil {
			defer c.Close()
		}
		full = err != nil
	}
	_, err := Open(Spec{Network: Unix, Path: path})
	if runtime.GOOS == "linux" && !errors.Is(err, unix.EADDRINUSE) { // the BSDs refuse, as if nobody listened
		t.Errorf("%v, want EADDRINUSE", err)
	}
}

// A datagram socket cannot be connected to, and lives all the same.
func TestLiveDatagramPathIsAnError(t *testing.T) {
	path := sockPath(t)
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = Open(Spec{Network: Unix, Path: path})
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("%v, want EADDRINUSE", err)
	}
}

func TestPathMistakes(t *testing.T) {
	dir := filepath.Dir(sockPath(t))
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, strings.Repeat("x", maxPath))
	for _, test := range []struct{ path, text, hint string }{
		{"", "a unix socket needs a path", ""},
		{file, "a regular file is in the way", "remove it"},
		{link, "a symbolic link is in the way", "remove it"},
		{dir, "a directory is in the way", "remove it"},
		{long, "a unix socket's may have", "shorter"},
		{filepath.Join(dir, "a\x00b"), "contains a NUL", ""},
		{filepath.Join(dir, "none", "a"), "no such file or directory", "mkdir -p " + filepath.Join(dir, "none")},
	} {
		s, err := Open(Spec{Network: Unix, Path: test.path})
		if err == nil {
			_ = s.Close()
			t.Errorf("%q: bound", test.path)
			continue
		}
		if !strings.Contains(err.Error(), test.text) {
			t.Errorf("%q: %v, want %q in it", test.path, err, test.text)
		}
		var bind *bindError
		if errors.As(err, &bind) && !strings.Contains(bind.Hint(), test.hint) {
			t.Errorf("%q: hint %q, want %q in it", test.path, bind.Hint(), test.hint)
		}
	}
	if got, err := os.ReadFile(file); string(got) != "precious" {
		t.Errorf("the file in the way is now %q (%v)", got, err)
	}
}

// The longest path there is works, and a leading @ is a file's name and not Linux's abstract namespace.
func TestOddPaths(t *testing.T) {
	dir := filepath.Dir(sockPath(t))
	long := filepath.Join(dir, strings.Repeat("x", maxPath-len(dir)-1))
	t.Chdir(dir)
	for _, path := range []string{long, "@odd", "with blank"} {
		s := mustOpen(t, Spec{Network: Unix, Path: path})
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&os.ModeSocket == 0 {
			t.Errorf("%s: %v, want a socket file", path, err)
		}
		if _, err := Open(Spec{Network: Unix, Path: path}); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("%s again: %v, want EADDRINUSE", path, err)
		}
		_ = s.Close()
	}
}

// Close leaves alone what somebody else put in the place of our file.
func TestCloseRemovesOnlyItsOwnFile(t *testing.T) {
	path := sockPath(t)
	s := mustOpen(t, Spec{Network: Unix, Path: path})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := mustOpen(t, Spec{Network: Unix, Path: path})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.Refresh(); err != nil {
		t.Errorf("the other socket's file went with ours: %v", err)
	}
}

// Two that start at once agree on one winner, though both find the same stale file.
func TestOnlyOneReplacesAStalePath(t *testing.T) {
	for range 20 {
		path := sockPath(t)
		abandon(t, path)
		type result struct {
			s   *Socket
			err error
		}
		results := make(chan result)
		const rivals = 4
		for range rivals {
			go func() {
				s, err := Open(Spec{Network: Unix, Path: path})
				results <- result{s, err}
			}()
		}
		var winners []*Socket
		for range rivals {
			switch r := <-results; {
			case r.err == nil:
				winners = append(winners, r.s)
			case !errors.Is(r.err, unix.EADDRINUSE):
				t.Errorf("a loser was told %v", r.err)
			}
		}
		if len(winners) != 1 {
			t.Errorf("%d winners", len(winners))
		}
		for _, s := range winners {
			if err := s.Refresh(); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		}
	}
}
