package procgroup

import (
	"math"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
)

// trees are all trees of this process. There is one registry because there is
// one table of children: who is an orphan that was handed to this process, and
// whose, can be told only by knowing all whom it started.
var trees = registry{leaders: map[int]*tree{}, orphans: map[int]*orphan{}}

// remembered is how many ended trees are kept in mind, to tell whose an orphan
// may be that is noticed late.
const remembered = 256

type registry struct {
	// starting is held for reading while a leader is forked, until it is in
	// leaders: who holds it for writing sees no child that is not yet known.
	starting sync.RWMutex

	mu      sync.Mutex // guards what follows
	leaders map[int]*tree
	lives   []life // of trees with a mark, the oldest first
	orphans map[int]*orphan
	reaper  *Reaper // the one that runs, or nil
}

// life is from when to when a tree could have had children, in clock ticks.
// Trees that follow each other may share a tick, which is 10 ms.
type life struct {
	tree     *tree
	leader   int
	from, to uint64
	before   []*tree // those that ended no earlier than in the first tick, and yet before this one began
}

// orphan is a process that was handed to this one.
type orphan struct {
	start uint64
	mark  string // when it was first seen; it may have lost it since
	tree  *tree  // the only one that it can come from, if it had no mark
}

// precedes says that the tree began before p did. In the same tick their
// numbers tell, which are given in turn.
func (l life) precedes(p proctable.Process) bool {
	return l.from < p.Start || l.from == p.Start && l.leader < p.PID
}

func (r *registry) fork(t *tree, f func() error) error {
	r.starting.RLock()
	defer r.starting.RUnlock()
	if err := f(); err != nil {
		return err
	}
	if p, ok := proctable.Read(t.pid); ok {
		t.born = p.Start
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaders[t.pid] = t
	t.reaper = r.reaper
	if t.mark != "" { // now: its first orphan may be found before this goroutine runs again
		l := life{tree: t, leader: t.pid, from: t.born, to: math.MaxUint64}
		for _, earlier := range r.lives {
			if earlier.to != math.MaxUint64 && earlier.to >= l.from {
				l.before = append(l.before, earlier.tree)
			}
		}
		r.lives = append(r.lives, l)
	}
	if r.reaper != nil {
		r.reaper.look()
	}
	return nil
}

// forgetLeader is called when the leader has been collected.
func (r *registry) forgetLeader(t *tree) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaders[t.pid] == t { // another one may have the number by now
		delete(r.leaders, t.pid)
	}
}

// end is called when nothing of the tree lives.
func (r *registry) end(t *tree) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := 0
	for i := range r.lives {
		if r.lives[i].tree == t {
			r.lives[i].to = ticks()
		}
		if r.lives[i].to != math.MaxUint64 {
			ended++
		}
	}
	if ended > remembered {
		oldest := slices.IndexFunc(r.lives, func(l life) bool { return l.to != math.MaxUint64 })
		r.lives = slices.Delete(r.lives, oldest, oldest+1)
	}
}

// running is the reaper, nil when there is none.
func (r *registry) running() *Reaper {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reaper
}

// ticks is now, as process start times count.
func ticks() uint64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return math.MaxUint64 - 1 // no end is known
	}
	const perSecond = 100 // USER_HZ, on all systems
	return uint64(ts.Sec)*perSecond + uint64(ts.Nsec)/(1e9/perSecond)
}

// owner is the tree of a process that was handed to this one, nil when it was
// not, or when that cannot be told. Without a reaper nobody is.
func (r *registry) owner(p proctable.Process, mark string) *tree {
	if p.Parent != os.Getpid() {
		return nil
	}
	if r.running() == nil {
		return nil
	}
	r.starting.Lock()
	defer r.starting.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.adopt(p, mark)
	switch {
	case o == nil:
		return nil
	case o.mark == "":
		return o.tree
	}
	for _, l := range r.lives {
		if proctree.Carries(o.mark, l.tree.mark) {
			return l.tree
		}
	}
	return nil
}

// adopt takes a note of p if it is an orphan. It is called under both mutexes.
//
// Whoever this process starts otherwise stays in its session, or is told by
// ReaperOptions.Other; and nobody can enter this process's session. So a child
// in another session that is no leader was handed to it.
func (r *registry) adopt(p proctable.Process, mark string) *orphan {
	if o := r.orphans[p.PID]; o != nil && o.start == p.Start {
		if o.mark == "" {
			o.mark = mark // it may have been in the middle of an exec
		}
		return o
	}
	if r.reaper == nil || r.leaders[p.PID] != nil || p.Session == r.reaper.session || r.reaper.other(p.PID) {
		return nil
	}
	// p was read before the mutexes were taken. A leader that has been
	// collected since is gone now.
	if now, ok := proctable.Read(p.PID); !ok || now.Start != p.Start || now.Parent != os.Getpid() {
		return nil
	}
	o := &orphan{start: p.Start, mark: mark}
	if mark == "" {
		o.tree = r.only(p)
	}
	r.orphans[p.PID] = o
	return o
}

// only is the one tree that p can come from, as it began while that one lived;
// nil when there are several.
func (r *registry) only(p proctable.Process) *tree {
	var over []*tree // before p began
	for _, l := range r.lives {
		if l.precedes(p) {
			over = append(over, l.before...)
		}
	}
	var found *tree
	for _, l := range r.lives {
		if !l.precedes(p) || l.to < p.Start || slices.Contains(over, l.tree) {
			continue
		}
		if found != nil {
			return nil
		}
		found = l.tree
	}
	return found
}
