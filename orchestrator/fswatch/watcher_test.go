package fswatch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestOpenRefusesRelativeRoots(t *testing.T) {
	if w, err := Open(Options{Roots: []string{"src"}}); err == nil {
		w.Close()
		t.Error("no error")
	}
}

// TestTopRoot: the top of the file system may be a root.
func TestTopRoot(t *testing.T) {
	top := filepath.VolumeName(t.TempDir()) + separator
	w, err := Open(Options{Roots: []string{top}, Descend: func(string) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	await(t, w.Ready())
	if dirs := w.watched(); !slices.Equal(dirs, []string{top}) {
		t.Errorf("watched: %q", dirs)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestRealOverflow fills the kernel's own queue, by not reading for a while.
func TestRealOverflow(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	limit, err2 := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || err2 != nil || limit > 100_000 {
		t.Skip("the queue cannot be filled")
	}
	dir := realTemp(t)
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := &watched{T: t}
	s.start(Options{Roots: []string{dir}})
	hold := make(chan struct{})
	s.kernel.mu.Lock()
	s.kernel.hold = hold
	s.kernel.mu.Unlock()
	// Events of one file after the other are not merged. fsnotify reads 64 KiB ahead.
	for i := range limit + 10_000 {
		file := filepath.Join(dir, fmt.Sprint(i%200))
		if err := os.Truncate(file, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	late := filepath.Join(dir, "late", "x")
	if err := os.MkdirAll(filepath.Dir(late), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(late, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s.token++
	s.w.Sync(s.token) // its event is lost too
	s.kernel.mu.Lock()
	s.kernel.hold = nil
	s.kernel.mu.Unlock()
	close(hold)
	changes, over := s.settle()
	if !over || s.w.Stats().Overflows == 0 {
		t.Errorf("overflow: %v, %+v", over, s.w.Stats())
	}
	if _, ok := changes[late]; !ok || len(changes) < 201 {
		t.Errorf("%d paths reported, want all that exist", len(changes))
	}
	if err := os.WriteFile(late, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if changes, _ := s.settle(); len(changes) != 1 {
		t.Errorf("after the overflow: %v", changes)
	}
}

// TestCookiesCleanedAway: something clears the temporary directory under us.
func TestCookiesCleanedAway(t *testing.T) {
	if !ordered {
		t.Skip("no cookies here")
	}
	dir := realTemp(t)
	s := &watched{T: t}
	s.start(Options{Roots: []string{dir}})
	for _, clean := range []func() error{
		func() error { return os.RemoveAll(s.w.barrier.dir) },
		func() error { return os.Remove(filepath.Join(s.w.barrier.dir, s.w.barrier.current)) },
		func() error { return nil },
	} {
		if err := clean(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if changes, _ := s.settle(); len(changes) != 1 {
			t.Errorf("changes: %v", changes)
		}
	}
}

// TestCloseLeavesNothing: no descriptor, no directory (and no goroutine: TestMain), whenever it is called.
func TestCloseLeavesNothing(t *testing.T) {
	temp := realTemp(t)
	t.Setenv("TMPDIR", temp)
	dir := realTemp(t)
	for i := range 300 {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprint(i%10), fmt.Sprint(i)), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	before := descriptors()
	for i := range 40 {
		w, err := Open(Options{Roots: []string{dir, filepath.Join(dir, "none", "yet")}})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		if i%2 == 0 {
			await(t, w.Ready())
			group.Go(func() {
				for token := range uint64(50) {
					w.Sync(token)
					w.Refilter()
				}
			})
		}
		if i%3 == 0 {
			group.Go(func() { os.RemoveAll(filepath.Join(dir, fmt.Sprint(i%10))) })
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		group.Wait()
	}
	if after := descriptors(); after > before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "devloop-watch-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// descriptors counts the open ones; 0 where it cannot.
func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// TestManyWriters is for the race detector, and for the promise of Sync among several writers: each writes a file,
// puts up a barrier, and must find its file reported when the barrier is.
func TestManyWriters(t *testing.T) {
	dir := realTemp(t)
	s := &watched{T: t}
	s.start(Options{Roots: []string{dir}})

	var mu sync.Mutex // guards what follows
	reported := map[string]bool{}
	waiting := map[uint64]chan struct{}{}
	stop := make(chan struct{})
	var taker, writers sync.WaitGroup
	taker.Go(func() {
		for {
			select {
			case <-s.w.Wake():
			case <-stop:
				return
			}
			batch := s.w.Take()
			mu.Lock()
			for _, c := range batch.Changes {
				reported[c.Path] = true
			}
			for _, token := range batch.Synced {
				close(waiting[token])
			}
			mu.Unlock()
		}
	})
	for writer := range uint64(4) {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(writer, 2))
			for i := range uint64(100) {
				file := filepath.Join(dir, fmt.Sprint(r.IntN(20)), fmt.Sprint(r.IntN(20)), fmt.Sprint(writer, "-", i))
				if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(file, nil, 0o666); err != nil {
					t.Error(err)
					return
				}
				token, done := writer<<32|i, make(chan struct{})
				mu.Lock()
				waiting[token] = done
				mu.Unlock()
				s.w.Sync(token)
				if i%20 == 0 {
					s.w.Refilter()
					s.w.Stats()
				}
				await(t, done)
				mu.Lock()
				if !reported[file] {
					t.Errorf("%s is not reported when the barrier after it is", file)
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	close(stop)
	taker.Wait()
}

// watched lists the directories that are watched, by their real paths, in order.
func (w *Watcher) watched() []string {
	w.dirs.tree.mu.RLock()
	defer w.dirs.tree.mu.RUnlock()
	list := make([]string, 0, w.dirs.tree.nodes.len())
	for n := range w.dirs.tree.nodes.all() {
		if !n.blind {
			list = append(list, n.path)
		}
	}
	slices.Sort(list)
	return list
}
