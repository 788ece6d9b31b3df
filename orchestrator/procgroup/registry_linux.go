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

// trees are all trees of this process. There is one registry because there is one table of children: only by
// knowing every leader can it tell which children are orphans, and whose.
var trees = registry{leaders: map[int]*tree{}, orphans: map[int]*orphan{}}

// remembered is how many ended trees are kept, to assign orphans that are noticed late.
const remembered = 256

type registry struct {
	// starting is held for reading while a leader is forked and until it is in leaders, so that a holder for
	// writing sees no unknown child.
	starting sync.RWMutex

	mu      sync.Mutex // guards what follows
	leaders map[int]*tree
	lives   []life // of trees with a mark, the oldest first
	orphans map[int]*orphan
	reaper  *Reaper // the one that runs, or nil
}

// life is the time in which a tree could have had children, in clock ticks of 10 ms. Trees that follow each
// other may share a tick.
type life struct {
	tree     *tree
	leader   int
	from, to uint64
	before   []*tree // those that ended no earlier than in the first tick, and yet before this one began
}

// orphan is an adopted child of this process.
type orphan struct {
	start uint64
	mark  string // when first seen; it may have lost it since
	tree  *tree  // the only tree that it can come from, if it has no mark
}

// precedes tells whether the tree began before p did. Within a tick the pids decide, which are given in
// order.
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

// end is called when the whole tree is gone.
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

// ticks is the current time in the unit of process start times.
func ticks() uint64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return math.MaxUint64 - 1 // no end is known
	}
	const perSecond = 100 // USER_HZ, on all systems
	return uint64(ts.Sec)*perSecond + uint64(ts.Nsec)/(1e9/perSecond)
}

// owner is the tree of an adopted child, nil if it is none or its tree is unknown. Without a reaper it is
// always nil.
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

// adopt records p if it is an orphan. It is called under both mutexes.
//
// Other children of this process stay in its session or are named by ReaperOptions.Other, and no process can
// enter this session. So a child in another session that is not a leader is an orphan.
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
	// p was read before the mutexes were taken; a leader may have been collected since.
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

// only is the one tree that p can come from, because it began during that tree's life; nil if there are
// several.
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
