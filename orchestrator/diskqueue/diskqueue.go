// Package diskqueue does what may have to wait for a disk beside the goroutine that wants it done: one thing after
// the other, in the order in which they were given. A file system that does not answer (a network that is gone, a
// FUSE server that has stopped) holds up what it is asked for, and nothing else: what is about other places goes on.
package diskqueue

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Patience is how long a file system has for one thing before it counts as hung. A busy disk answers in a tenth of it.
const Patience = time.Second

// Job is a list of things to do with files.
type Job struct {
	// Paths say what each thing is about. Without any, Done comes in its turn.
	Paths []string

	// Do does the i-th, in a goroutine of the queue's. It may touch what no other goroutine uses before Done is
	// called, such as the i-th element of a slice.
	Do func(i int)

	// Done is called by the owner's goroutine when everything was done, or has turned out to hang; hung says so of
	// each path, and is nil if none does. Do has not returned for those, or was not called: what it leaves, if it
	// ever returns, may not be looked at. It may call Add.
	Done func(hung []bool)
}

// Options are what a queue needs from its owner.
type Options struct {
	// Post hands an event to the owner, who calls Handle with it. It is called by other goroutines, and may be
	// given up once the owner has called Close.
	Post func(Event)

	// Mount is where the file system is mounted that a path lies on; nil, or "": nobody knows. A second thing that
	// hangs there makes the whole of it count as hung. It must not ask the file system.
	Mount func(path string) string

	// Hung and Answers tell of a path that hangs, and of a place that answers again. They are called by the owner's
	// goroutine; each may be nil.
	Hung    func(path string)
	Answers func(place string)
}

// Queue does jobs. But for Post it belongs to one goroutine, its owner, which must call Handle with every event, and
// Tick at the Deadline.
type Queue struct {
	opt    Options
	jobs   []*task // not done yet; the first one is being worked on
	worker *worker
	hung   map[*worker]string // those that do not come back, and the place that each waits for
	seen   int                // how far the worker was at the last look
	next   time.Time          // when to look again
	closed bool
}

// task is a job on its way.
type task struct {
	Job
	from int
	hung []bool
	skip []string // places that are not asked
}

// worker is a goroutine that does the first job, until it is given up.
type worker struct {
	tasks chan *task // holds the one that it has
	ended chan struct{}

	mu      sync.Mutex // guards what follows
	done    int        // things of its task that it has done
	givenUp bool
}

// Event is what a worker has to say.
type Event struct {
	worker *worker
	task   *task // done; nil: a worker that was given up has come back
}

// New makes a queue. Its owner closes it.
func New(opt Options) *Queue {
	return &Queue{opt: opt, hung: map[*worker]string{}}
}

// Add gives the queue a job. It never waits. A job without paths is done at once if nothing is before it.
func (q *Queue) Add(j Job) {
	if q.closed {
		return
	}
	t := &task{Job: j}
	q.jobs = append(q.jobs, t)
	if len(q.jobs) == 1 {
		q.dispatch()
	}
}

// dispatch gives the first job to the worker, and finishes those that have nothing to do.
func (q *Queue) dispatch() {
	for len(q.jobs) > 0 && !q.closed {
		t := q.jobs[0]
		if t.from < len(t.Paths) {
			q.start(t)
			return
		}
		q.finish()
	}
}

func (q *Queue) start(t *task) {
	if q.worker == nil {
		q.worker = &worker{tasks: make(chan *task, 1), ended: make(chan struct{})}
		go q.worker.work(q.opt.Post)
	}
	t.skip = nil
	for _, place := range q.hung {
		t.skip = append(t.skip, place)
	}
	q.worker.mu.Lock()
	q.worker.done = t.from
	q.worker.mu.Unlock()
	q.seen, q.next = t.from, time.Now().Add(Patience)
	q.worker.tasks <- t
}

// finish ends the first job. Its Done may add others, which are not begun before it returns.
func (q *Queue) finish() {
	t := q.jobs[0]
	t.Done(t.hung)
	q.jobs = slices.Delete(q.jobs, 0, 1)
}

// Handle takes in an event.
func (q *Queue) Handle(ev Event) {
	switch {
	case q.closed:
	case ev.task == nil:
		place := q.hung[ev.worker]
		delete(q.hung, ev.worker)
		if q.opt.Answers != nil && !slices.Contains(q.hanging(), place) {
			q.opt.Answers(place)
		}
	case ev.worker == q.worker:
		q.finish()
		q.dispatch()
	}
}

// Deadline is when Tick is to be called, if at all: only while something is being done.
func (q *Queue) Deadline() (at time.Time, ok bool) {
	if len(q.jobs) == 0 || q.closed {
		return time.Time{}, false
	}
	return q.next, true
}

// Tick gives a worker up that has not come further since the last look, and lets another one go on after it.
func (q *Queue) Tick(now time.Time) {
	if at, ok := q.Deadline(); !ok || at.After(now) {
		return
	}
	w, t := q.worker, q.jobs[0]
	w.mu.Lock()
	done := w.done
	w.givenUp = done == q.seen && done < len(t.Paths)
	stuck := w.givenUp
	w.mu.Unlock()
	q.seen, q.next = done, now.Add(Patience)
	if !stuck {
		return
	}
	path := t.Paths[done]
	q.hung[w], q.worker = q.place(path), nil
	t.hang(done)
	t.from = done + 1
	if q.opt.Hung != nil {
		q.opt.Hung(path)
	}
	q.dispatch()
}

// place is what counts as hung with a path: its directory, and if that is not the first one there, all that is
// mounted with it. Something is mounted at the path itself: that, and not the directory, which lies on another file
// system.
func (q *Queue) place(path string) string {
	if q.opt.Mount != nil {
		mount := q.opt.Mount(path)
		if mount == path {
			return path
		}
		if mount != "" {
			for _, hung := range q.hung {
				if q.opt.Mount(hung) == mount {
					return mount
				}
			}
		}
	}
	return filepath.Dir(path)
}

// hanging lists the places that do not answer now, sorted.
func (q *Queue) hanging() []string {
	var places []string
	for _, place := range q.hung {
		places = append(places, place)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// Close ends the queue: what is not done yet never will be. It waits for what is being done now, but not for longer
// than patience, and not for what hangs.
func (q *Queue) Close(patience time.Duration) {
	if q.closed || q.worker == nil {
		q.closed = true
		return
	}
	q.closed = true
	w := q.worker
	w.mu.Lock()
	w.givenUp = true
	w.mu.Unlock()
	close(w.tasks)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ended:
	case <-timer.C:
	}
}

func (t *task) hang(i int) {
	if t.hung == nil {
		t.hung = make([]bool, len(t.Paths))
	}
	t.hung[i] = true
}

// lies tells whether the path lies in one of the places.
func lies(path string, places []string) bool {
	return slices.ContainsFunc(places, func(place string) bool { return below(path, place) })
}

// below tells whether a path is the place, or lies below it.
func below(path, place string) bool {
	rest, ok := strings.CutPrefix(path, place)
	return ok && (rest == "" || strings.HasSuffix(place, string(filepath.Separator)) || rest[0] == filepath.Separator)
}

func (w *worker) work(post func(Event)) {
	defer close(w.ended)
	for t := range w.tasks {
		// Once the worker is given up, the task is another one's to change.
		w.mu.Lock()
		from, places := w.done, t.skip
		w.mu.Unlock()
		for i := from; i < len(t.Paths); i++ {
			skip := lies(t.Paths[i], places)
			if !skip {
				t.Do(i)
			}
			if !w.advance(t, i, skip) {
				post(Event{worker: w})
				return
			}
		}
		post(Event{worker: w, task: t})
	}
}

// advance notes that the i-th thing was done, or skipped; it is false if the worker was given up meanwhile, and the
// task is not its own any more.
func (w *worker) advance(t *task, i int, skipped bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.givenUp {
		return false
	}
	if skipped {
		t.hang(i)
	}
	w.done = i + 1
	return true
}
