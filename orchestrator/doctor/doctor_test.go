package doctor

import (
	"os"
	"strings"
	"testing"
)

func TestMount(t *testing.T) {
	for kind, mark := range map[string]Mark{
		"fuse": Warn, "fusefs": Warn,
		"overlay": Note, "": Note,
		"ext4": OK, "apfs": OK, "zfs": OK,
	} {
		f := mount(kind, "src", false)
		if f.Mark != mark || !strings.Contains(f.Text, "src: ") || !strings.Contains(f.Text, kind) {
			t.Errorf("%q: %+v", kind, f)
		}
		if (f.Hint != "") != (mark == Warn) {
			t.Errorf("%q: a warning has a hint, and nothing else does: %+v", kind, f)
		}
	}
}

// TestFileSystems tells kinds of real paths, one that does not exist among
// them.
func TestFileSystems(t *testing.T) {
	dir := t.TempDir()
	shown := func(path string) string { return "<" + strings.TrimPrefix(path, dir) + ">" }
	paths := []string{dir, dir + "/not/there"}
	list := FileSystems(paths, shown, func(string) string { return "" })
	if len(list) != 1 || !strings.HasPrefix(list[0].Text, "<>, </not/there>: ") {
		t.Errorf("%+v", list)
	}
	list = FileSystems(paths, shown, func(path string) string {
		if path == dir {
			return ""
		}
		return "NFS"
	})
	if len(list) != 2 || list[1].Mark != Warn || !strings.Contains(list[1].Text, "</not/there>: NFS, ") || !strings.Contains(list[1].Text, "polls") || list[1].Hint == "" {
		t.Errorf("what is polled: %+v", list)
	}
}

func TestFew(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a b c d e": "a, b, c, d, e", "a b c d e f": "a, b, c, d and 2 more"} {
		if got := few(strings.Fields(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestBacklog(t *testing.T) {
	if f := backlog("x", 4096); f.Mark != OK || f.Hint != "" {
		t.Errorf("%+v", f)
	}
	if f := backlog("x", 16); f.Mark != Warn || f.Hint != "sudo sysctl x=4096" {
		t.Errorf("%+v", f)
	}
}

func TestOpenFiles(t *testing.T) {
	if f := openFiles(1024, 0); f.Mark != OK {
		t.Errorf("%+v", f)
	}
	if f := openFiles(1024, 500); f.Mark != Warn || !strings.Contains(f.Text, "polls the rest") || !strings.Contains(f.Hint, "ulimit -n 65536") {
		t.Errorf("%+v", f)
	}
	if f := openFiles(1<<63-1, 1000); f.Mark != OK || !strings.HasPrefix(f.Text, "no limit; watching takes 1000") {
		t.Errorf("%+v", f)
	}
}

func TestProgram(t *testing.T) {
	missing := Finding{Mark: Warn, Text: "gone"}
	if f := Program("x", "no-such-program-anywhere", missing); f.Mark != Warn || f.About != "x" || f.Text != "gone" {
		t.Errorf("%+v", f)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if f := Program("x", self, missing); f.Mark != OK || f.Text != self {
		t.Errorf("%+v", f)
	}
}

// TestThisSystem asks the real system: whatever it says, it says something.
func TestThisSystem(t *testing.T) {
	var s System
	for _, f := range append(s.Limits(Need{Directories: 1, Entries: 1, Watchers: 1}), s.ListenQueue()) {
		if f.Mark == "" || f.About == "" || f.Text == "" {
			t.Errorf("%+v", f)
		}
	}
}
