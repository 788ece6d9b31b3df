package fswatch

import (
	"slices"
	"sync"
)

// job is work on the tree of watches. The worker does one after the other, in the order of the events that
// asked for them, so that "moved away" is done before "appeared elsewhere".
type job struct {
	kind  jobKind
	path  string
	moved bool // jobGone: not just removed; jobResolve: the change itself has been reported
	token uint64
	chain int // see queue
}

type jobKind uint8

const (
	jobStart    jobKind = iota // the first walk
	jobAppeared                // a directory has appeared in a watched one (path is real, as below)
	jobLink                    // a symbolic link has appeared in a watched directory
	jobGone                    // a watched directory was removed or moved away
	jobResolve                 // what links depend on has changed
	jobRefilter                // Descend's answers have changed
	jobReset                   // events were lost
	jobToken                   // a barrier
)

// queue holds jobs; it has no bound, so that the reader never waits.
type queue struct {
	more chan struct{} // holds an element when there is a job

	mu    sync.Mutex // guards what follows
	jobs  []job
	busy  bool // a job was taken and is not done
	chain int  // how many jobs led to the current one, each to the next
}

// longChain is how many jobs may follow from each other before the others have their turn. A tree that moves
// leads to as many as it has links; one whose directories are never the same twice (a file system that makes
// up its inode numbers) would lead to new ones for ever, and no barrier would pass.
const longChain = 1000

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

func (q *queue) put(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// putFirst is for the worker and its walkers: what follows from the current job comes before all others, so
// that a barrier waits for it. At the end of a long chain such jobs come last.
func (q *queue) putFirst(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.chain = q.chain + 1; j.chain > longChain {
		j.chain = 0
		q.jobs = append(q.jobs, j)
		return
	}
	q.jobs = append([]job{j}, q.jobs...)
}

// idle tells whether every job is done. For the reader, which adds the jobs, that stays true until it adds
// one.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs) == 0 && !q.busy
}

// take returns the next job, and counts the one before as done.
func (q *queue) take() (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = len(q.jobs) > 0
	if !q.busy {
		q.jobs = nil
		return j, false
	}
	j, q.jobs = q.jobs[0], q.jobs[1:]
	q.chain = j.chain
	return j, true
}

// drop removes the waiting jobs of a kind.
func (q *queue) drop(kind jobKind) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = slices.DeleteFunc(q.jobs, func(j job) bool { return j.kind == kind })
}
