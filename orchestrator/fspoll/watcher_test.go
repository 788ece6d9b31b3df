package fspoll

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a privilege here")
	}
	p := poll(t, Options{Roots: []string{"root"}}, "root/f", "out/sub/g", "out/file", "root/deep/h")
	for link, target := range map[string]string{
		"root/dir": "../out", "root/file": "../out/file", "root/loop": "..", "root/deep/up": "..", "root/nowhere": "later", "out/sub/twice": "../../out",
	} {
		p.must(os.Symlink(target, p.path(link)))
	}
	p.pass(2 * time.Second)
	// loop and deep/up lead to directories that they are in, and nothing behind dir is followed again.
	p.want("links made", "root/dir/file", "root/dir/sub/g", "root/file", "root/nowhere")
	p.write("out/file")
	p.pass(2 * time.Second)
	p.want("a target written", "root/dir/file", "root/file")
	p.settle()
	p.write("root/later")
	p.pass(2 * time.Second)
	p.want("a target made", "root/later", "root/nowhere")
	p.settle()
	p.must(os.Remove(p.path("root/dir")))
	p.must(os.Symlink("../out/sub", p.path("root/dir")))
	p.pass(2 * time.Second)
	p.want("led elsewhere", "root/dir/file", "root/dir/g", "root/dir/sub/", "root/dir/sub/g")
}

func TestRootsThatComeAndGo(t *testing.T) {
	p := poll(t, Options{Roots: []string{"x/dir", "x/file"}}, "other")
	p.write("x/dir/a")
	p.write("x/file")
	p.write("x/unasked")
	p.pass(2 * time.Second)
	p.want("made", "x/dir/a", "x/file")
	p.must(os.RemoveAll(p.path("x")))
	p.pass(2 * time.Second)
	p.want("removed", "x/dir/", "x/dir/a", "x/file")
	p.write("x/dir")
	p.write("x/file/b")
	p.pass(2 * time.Second)
	p.want("as something else", "x/dir", "x/file/b")
}

func TestRootsThatOverlapAreLookedAtOnce(t *testing.T) {
	p := poll(t, Options{Roots: []string{"a", "a/b/c"}, Descend: func(dir string) bool { return filepath.Base(dir) != "b" }},
		"a/f", "a/b/g", "a/b/c/h")
	if s := p.Stats(); s.Directories != 2 || s.Files != 2 {
		t.Errorf("%d directories and %d files, want 2 and 2", s.Directories, s.Files)
	}
	p.write("a/b/c/h")
	p.write("a/b/g")
	p.pass(2 * time.Second)
	p.want("written", "a/b/c/h")
}

func TestRefilter(t *testing.T) {
	ignored := "b"
	p := poll(t, Options{
		Descend: func(dir string) bool { return filepath.Base(dir) != ignored },
		Want:    func(path string) bool { return !strings.HasSuffix(path, "."+ignored) },
	}, "a/f.a", "a/f.b", "b/g")
	ignored = "a"
	p.Refilter()
	p.Sync(7)
	p.step()
	batch := p.Take()
	if len(batch.Changes) != 1 || batch.Changes[0].Path != p.path("b/g") || len(batch.Synced) != 1 || batch.Synced[0] != 7 {
		t.Errorf("batch %v, want b/g and token 7", batch)
	}
	p.write("a/f.a")
	p.pass(4 * time.Second)
	p.want("what is ignored now")
}

func TestAnUnreadableDirectoryKeepsWhatIsKnown(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("permissions do not bind this user")
	}
	p := poll(t, Options{}, "a/f")
	p.must(os.Chmod(p.path("a"), 0))
	p.pass(4 * time.Second)
	p.want("unreadable")
	p.must(os.Chmod(p.path("a"), 0o700))
	p.write("a/g")
	p.pass(4 * time.Second)
	p.want("readable", "a/g")
}

func TestTheGoroutineSyncsAndCloses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	w, err := Open(Options{Roots: []string{dir}, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	<-w.Ready()
	if s := w.Stats(); s.Directories != 1 || s.Interval != time.Hour {
		t.Errorf("stats when ready: %+v", s)
	}
	for token := range uint64(20) {
		if err := os.WriteFile(file, make([]byte, token+1), 0o666); err != nil {
			t.Fatal(err)
		}
		w.Sync(token)
		synced, reported := false, false
		for !synced {
			<-w.Wake()
			batch := w.Take()
			for _, c := range batch.Changes {
				reported = reported || c.Path == file
			}
			synced = len(batch.Synced) == 1 && batch.Synced[0] == token
		}
		if !reported {
			t.Fatalf("write %d was not reported before its token", token)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.Sync(99)
	w.Close()
}

func TestCloseDuringTheFirstScan(t *testing.T) {
	dir := t.TempDir()
	entered := make(chan struct{})
	leave := make(chan struct{})
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := Open(Options{Roots: []string{dir}, Descend: func(string) bool { close(entered); <-leave; return true }})
	if err != nil {
		t.Fatal(err)
	}
	<-entered
	closed := make(chan struct{})
	go func() { w.Close(); close(closed) }()
	<-w.done
	close(leave)
	<-closed
	select {
	case <-w.Ready():
		t.Error("ready, although the scan was not completed")
	default:
	}
}

func TestMistakesInOptions(t *testing.T) {
	for _, opt := range []Options{{Roots: []string{"relative"}}, {Interval: -1}} {
		if w, err := Open(opt); err == nil {
			w.Close()
			t.Errorf("%+v: no error", opt)
		}
	}
}

func TestALinkToALeafStandsForItself(t *testing.T) {
	dir := t.TempDir()
	leaf := func(link string) bool {
		target, err := os.Readlink(link)
		return err == nil && strings.HasPrefix(target, "..")
	}
	for _, d := range []string{"in", "far", "made/up"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"in/file": "../made/up/f", "in/dir": "../made/up", "in/all": "../made"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	p := poll(t, Options{Roots: []string{filepath.Join(dir, "in")}, Leaf: leaf})
	p.dir = dir
	p.write("made/up/f")
	p.write("made/up/g")
	p.pass(time.Minute)
	p.want("written behind the links")
	p.must(os.Remove(p.path("in/file")))
	p.write("in/file")
	p.pass(time.Minute)
	p.want("a file in the link's place", "in/file")
}

func TestTheDirectoryOfAFileThatIsARootCounts(t *testing.T) {
	p := poll(t, Options{Roots: []string{"x/a", "x/b", "y/c", "z/missing"}}, "x/a", "x/b", "y/c")
	if s := p.Stats(); s.Directories != 2 || s.Files != 3 {
		t.Errorf("%d directories and %d files, want 2 and 3", s.Directories, s.Files)
	}
}
