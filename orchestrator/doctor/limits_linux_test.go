package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeProc is a procfs in which two programs hold watches.
func fakeProc(t *testing.T, limits map[string]string) System {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range limits {
		write(filepath.Join("sys", strings.ReplaceAll(name, ".", "/")), text)
	}
	for pid, watches := range map[string]int{"10": 3, "200": 2} {
		write(filepath.Join(pid, "fdinfo", "4"), "pos:\t0\nflags:\t02000000\n"+strings.Repeat("inotify wd:1 ino:2 sdev:3 mask:fce\n", watches))
		if err := os.MkdirAll(filepath.Join(dir, pid, "fd"), 0o700); err != nil {
			t.Fatal(err)
		}
		for fd, target := range map[string]string{"4": "anon_inode:inotify", "5": "/dev/null"} {
			if err := os.Symlink(target, filepath.Join(dir, pid, "fd", fd)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return System{Proc: dir}
}

func TestInotify(t *testing.T) {
	for _, c := range []struct {
		watches, instances, queue int
		need                      Need
		marks                     string
		hint                      string
	}{
		{524288, 128, 16384, Need{Directories: 20, Watchers: 1}, "ok ok ok", ""},
		{524288, 128, 1000, Need{Directories: 20, Watchers: 1}, "ok ok note", ""},
		{20, 128, 16384, Need{Directories: 20, Watchers: 1}, "warn ok ok", "sudo sysctl fs.inotify.max_user_watches=524288; a line in a file of /etc/sysctl.d keeps it"},
		{20, 128, 16384, Need{}, "ok ok ok", ""},
		{400000, 2, 16384, Need{Directories: 399990, Watchers: 1}, "warn warn ok", "sudo sysctl fs.inotify.max_user_watches=800000; a line in a file of /etc/sysctl.d keeps it"},
	} {
		s := fakeProc(t, map[string]string{
			"fs.inotify.max_user_watches":   fmt.Sprintln(c.watches),
			"fs.inotify.max_user_instances": fmt.Sprintln(c.instances),
			"fs.inotify.max_queued_events":  fmt.Sprintln(c.queue),
		})
		list := s.inotify(c.need)
		var marks []string
		for _, f := range list {
			marks = append(marks, string(f.Mark))
		}
		if got := strings.Join(marks, " "); got != c.marks || list[0].Hint != c.hint {
			t.Errorf("%+v: %s: %+v", c, got, list)
		}
		if !strings.Contains(list[0].Text, "hold about 5") || !strings.Contains(list[1].Text, "hold about 2") {
			t.Errorf("what is in use: %+v", list)
		}
	}
}

// TestNoProc: what the system does not tell is no warning.
func TestNoProc(t *testing.T) {
	s := System{Proc: t.TempDir()}
	for _, f := range append(s.inotify(Need{}), s.ListenQueue()) {
		if f.Mark != Note || !strings.Contains(f.Text, "read ") {
			t.Errorf("%+v", f)
		}
	}
	s = fakeProc(t, map[string]string{"net.core.somaxconn": "64\n"})
	if f := s.ListenQueue(); f.Mark != Warn {
		t.Errorf("%+v", f)
	}
}
