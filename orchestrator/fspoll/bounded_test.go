package fspoll

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hanging is a file system of which a part can be made to hang.
type hanging struct {
	*polled
	mu   sync.Mutex
	part string        // "": none
	free chan struct{} // closed when it is to go on
}

// pollHanging is poll for a file system of which a part may hang.
func pollHanging(t *testing.T, opt Options, before ...string) *hanging {
	h := &hanging{polled: poll(t, opt, before...)}
	real := h.ask.system
	h.ask.patience = 20 * time.Millisecond
	h.ask.system = system{
		lstat: func(path string) (attributes, error) { h.pass(path); return real.lstat(path) },
		stat:  func(path string) (attributes, error) { h.pass(path); return real.stat(path) },
		list:  func(dir string) ([]os.DirEntry, error) { h.pass(dir); return real.list(dir) },
	}
	return h
}

// pass waits while the path hangs, followed as far as links lead there.
func (h *hanging) pass(path string) {
	if target, err := os.Readlink(path); err == nil && filepath.IsAbs(target) {
		path = target
	}
	h.mu.Lock()
	free, hangs := h.free, h.part != "" && strings.HasPrefix(path, h.part)
	h.mu.Unlock()
	if hangs {
		<-free
	}
}

func (h *hanging) hang(part string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.part, h.free = h.path(part), make(chan struct{})
	h.t.Cleanup(h.answer)
}

// answer lets what hangs go on.
func (h *hanging) answer() {
	h.mu.Lock()
	if h.part != "" {
		close(h.free)
	}
	h.part = ""
	h.mu.Unlock()
}

// hungNow are the places that hang, by name.
func (h *hanging) hungNow() (names []string) {
	for _, path := range h.Take().Hung {
		name, err := filepath.Rel(h.dir, path)
		h.must(err)
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

// respond lets what hangs go on, and waits until that is known.
func (h *hanging) respond() {
	h.answer()
	for len(h.ask.hung) > 0 {
		<-h.kick
		h.step()
	}
}

// TestWhatHangsHoldsUpNothingElse: what lies elsewhere is told, a barrier passes, nothing counts as gone, and what has
// changed meanwhile is told when the place responds again.
func TestWhatHangsHoldsUpNothingElse(t *testing.T) {
	h := pollHanging(t, Options{}, "a/f", "far/b/f", "far/b/g", "far/g", "z/f")
	h.settle()
	h.hang("far")
	h.write("a/f")
	h.write("z/new")
	h.Sync(1)
	h.step()
	batch := h.Take()
	if !slices.Equal(batch.Synced, []uint64{1}) || !slices.Equal(batch.Hung, []string{h.path("far")}) || len(batch.Changes) != 2 {
		t.Errorf("batch %+v, want two changes, the token and far", batch)
	}
	h.write("far/b/f")
	h.write("far/c/new")
	h.must(os.Remove(h.path("far/g")))
	for range 3 {
		h.Sync(2)
		h.step()
		if batch := h.Take(); len(batch.Synced) != 1 || len(batch.Changes) != 0 || len(batch.Hung) != 1 {
			t.Errorf("batch %+v, want the token only", batch)
		}
	}
	h.respond()
	h.want("it responds again", "far/b/f", "far/c/new", "far/g")
	if hung := h.hungNow(); len(hung) != 0 {
		t.Errorf("%v hangs", hung)
	}
}

// TestOneFileThatHangs: those beside it are looked at; with a second one its root counts as hung.
func TestOneFileThatHangs(t *testing.T) {
	h := pollHanging(t, Options{Roots: []string{"src", "other"}}, "src/a/f", "src/a/g", "src/b/x", "other/f")
	h.settle()
	h.hang("src/a/f")
	h.write("src/a/g")
	h.write("src/b/x")
	h.Sync(1)
	h.step()
	h.want("one hangs", "src/a/g", "src/b/x")
	h.write("src/a/f")
	h.respond()
	h.want("it responds", "src/a/f")
}

// TestALinkThatHangs costs what lies behind it, and not where it stands.
func TestALinkThatHangs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a privilege here")
	}
	h := pollHanging(t, Options{Roots: []string{"src"}}, "src/a/f", "out/f", "out/dir/g")
	h.must(os.Symlink(h.path("out/f"), h.path("src/a/link")))
	h.must(os.Symlink(h.path("out/dir"), h.path("src/dir")))
	h.rest()
	h.hang("out")
	h.write("src/a/f")
	h.Sync(1)
	h.step()
	batch := h.Take()
	if len(batch.Changes) != 1 || len(batch.Synced) != 1 || !slices.Equal(batch.Hung, []string{h.path("src/a/link"), h.path("src/dir")}) {
		t.Errorf("batch %+v, want src/a/f, the token and the two links", batch)
	}
	h.write("out/dir/g")
	h.respond()
	h.want("it responds", "src/dir/g")
}

// rest lets everything be looked at, and settle.
func (h *hanging) rest() {
	h.polled.pass(h.Stats().Interval)
	h.settle()
}

// TestWhatHangsAtFirst: it is not waited for, and everything in it is told when it responds.
func TestWhatHangsAtFirst(t *testing.T) {
	h := pollHanging(t, Options{}, "a/f", "far/b/f")
	w, err := newWatcher(Options{Roots: []string{h.dir}})
	h.must(err)
	w.ask.close()
	w.ask.worker, w.ask.system, w.ask.patience = nil, h.ask.system, h.ask.patience
	h.ask.close()
	h.ask.worker = nil
	h.polled.Watcher = w
	t.Cleanup(func() { w.ask.close() })
	h.hang("far")
	told := make(chan []string)
	go func() {
		<-h.Ready() // the moment at which others begin
		told <- h.hungNow()
	}()
	h.step()
	if hung := <-told; !slices.Equal(hung, []string{"far"}) {
		t.Errorf("%v hangs, want far", hung)
	}
	h.respond()
	h.want("it responds", "far/b/f")
}

// TestTheEndDoesNotWaitForWhatHangs.
func TestTheEndDoesNotWaitForWhatHangs(t *testing.T) {
	dir := t.TempDir()
	entered, free := make(chan struct{}), make(chan struct{})
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := Open(Options{Roots: []string{dir}, Descend: func(string) bool { close(entered); <-free; return true }})
	if err != nil {
		t.Fatal(err)
	}
	<-entered
	w.Close()
	close(free)
}
