package fspoll

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
)

// patience is how long a file system may take for one question before it counts as hung.
const patience = time.Second

// errHangs: nothing is known of a path, as its file system does not respond.
var errHangs = errors.New("the file system does not respond")

// system is the calls to file systems.
type system struct {
	lstat, stat func(path string) (attributes, error)
	list        func(dir string) ([]os.DirEntry, error)
}

// place is a set of paths that hang together.
type place struct {
	path        string
	real, mount string // its path without links, and the mount there; "" if that does not matter
}

// alone is the place of a link that may lead anywhere.
func alone(path string) place { return place{path: path} }

// bounded asks file systems in a goroutine of its own, and gives up a question that hangs: nothing in that place is
// asked until it has come back. It belongs to the watcher's goroutine.
type bounded struct {
	patience time.Duration
	system   system
	back     func() // called by any goroutine when a question that was given up has come back
	closed   func() bool
	worker   *worker
	timer    *time.Timer
	cpu      time.Duration // that the answers took
	hung     []place       // when renew was called, and since

	mu    sync.Mutex // guards what follows, and the workers' positions
	waits map[*worker]place
}

// task is a list of questions.
type task struct {
	from, n int
	skip    []bool
	do      func(i int)
}

// worker is a goroutine that asks questions until it is given up.
type worker struct {
	tasks   chan task
	done    chan time.Duration // how much of a core a task took
	ended   chan struct{}
	at      int // the question that it asks
	givenUp bool
}

func newBounded() *bounded {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &bounded{patience: patience, system: system{lstat, stat, os.ReadDir}, timer: timer, waits: map[*worker]place{}}
}

// one asks a question about a path; in says what hangs with that.
func (b *bounded) one(path string, in func(path string) place, do func()) error {
	if b.each(1, func(int) string { return path }, in, func(int) { do() }) != nil {
		return errHangs
	}
	return nil
}

// each is one for n questions, and says which of them hang; nil if none does. What do stores for one that hangs may not
// be used.
func (b *bounded) each(n int, path func(i int) string, in func(path string) place, do func(i int)) (hang []bool) {
	mark := func(i int) {
		if hang == nil {
			hang = make([]bool, n)
		}
		hang[i] = true
	}
	skip := func(from int) {
		for i := from; i < n && len(b.hung) > 0; i++ {
			if b.hangs(path(i)) {
				mark(i)
			}
		}
	}
	if b.closed() {
		for i := range n {
			mark(i)
		}
		return hang
	}
	skip(0)
	for from := 0; from < n; {
		stuck := b.ask(task{from, n, hang, do})
		if stuck < 0 {
			break
		}
		b.note(in(path(stuck)))
		hang = slices.Clone(hang) // the worker has the old one
		mark(stuck)
		from = stuck + 1
		skip(from)
	}
	return hang
}

// ask gives the worker a task, and waits until it is done; stuck is the question that hangs, or -1.
func (b *bounded) ask(t task) (stuck int) {
	if b.worker == nil {
		b.worker = &worker{tasks: make(chan task), done: make(chan time.Duration, 1), ended: make(chan struct{})}
		go b.work(b.worker)
	}
	w := b.worker
	b.begins(w, t.from)
	w.tasks <- t
	b.timer.Reset(b.patience)
	defer b.timer.Stop()
	for seen := t.from; ; {
		select {
		case took := <-w.done:
			b.cpu += took
			return -1
		case <-b.timer.C:
			at := b.giveUp(w, seen, t.n)
			if w != b.worker {
				return at
			}
			seen = at
			b.timer.Reset(b.patience)
		}
	}
}

// giveUp abandons the worker, unless it has moved on.
func (b *bounded) giveUp(w *worker, seen, n int) (at int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.at == seen && seen < n {
		w.givenUp, b.worker = true, nil
		b.waits[w] = place{}
	}
	return w.at
}

// note records where the abandoned worker hangs.
func (b *bounded) note(at place) {
	b.hung = append(b.hung, at)
	b.mu.Lock()
	defer b.mu.Unlock()
	for w, known := range b.waits {
		if known == (place{}) {
			b.waits[w] = at
		}
	}
}

func (b *bounded) work(w *worker) {
	defer close(w.ended)
	for t := range w.tasks {
		took, ok := b.answer(w, t)
		if !ok {
			b.back()
			return
		}
		w.done <- took
	}
}

// answer does a task. It is false if the worker was given up.
func (b *bounded) answer(w *worker, t task) (took time.Duration, ok bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, cpu := time.Now(), cpuTime()
	for i := t.from; i < t.n; i++ {
		if t.skip == nil || !t.skip[i] {
			t.do(i)
		}
		if !b.begins(w, i+1) {
			return 0, false
		}
	}
	if cpu < 0 {
		return time.Since(began), true
	}
	return cpuTime() - cpu, true
}

// begins records the worker's position. It is false if the worker was given up.
func (b *bounded) begins(w *worker, i int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.givenUp {
		delete(b.waits, w)
		return false
	}
	w.at = i
	return true
}

// renew drops the places that respond again, or are now another mount, and tells whether there were any.
func (b *bounded) renew() bool {
	if len(b.hung) == 0 {
		return false
	}
	b.mu.Lock()
	waits := slices.Collect(maps.Values(b.waits))
	b.mu.Unlock()
	before := len(b.hung)
	b.hung = slices.DeleteFunc(waits, func(p place) bool { return p.mount != "" && MountOf(p.real) != p.mount })
	return len(b.hung) < before
}

// hangs tells whether a path lies in a place that hangs.
func (b *bounded) hangs(path string) bool {
	return slices.ContainsFunc(b.hung, func(p place) bool {
		_, in := Within(path, p.path)
		return in
	})
}

// places lists what hangs, sorted.
func (b *bounded) places() (paths []string) {
	for _, p := range b.hung {
		paths = append(paths, p.path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// close ends the worker; one that was given up ends when it comes back.
func (b *bounded) close() {
	if b.worker != nil {
		close(b.worker.tasks)
		<-b.worker.ended
	}
}
