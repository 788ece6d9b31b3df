package fswatch

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// walk visits a tree with several goroutines: watch a directory, then read it, then go on with what is in it.
// No directory is visited twice: links are only followed when the walk is over.
type walk struct {
	*walker
	report bool // report the files of every directory that was not walked under its name, or not watched, before
	helper sync.WaitGroup

	entering sync.Mutex // held while asking for watches, see batch

	hungry  atomic.Int32 // goroutines that wait for steps, or could be started
	mu      sync.Mutex   // guards what follows
	more    *sync.Cond   // signalled when there are steps, or all is done
	steps   []step       // to be shared
	links   []step
	helpers int // goroutines that may still be started
	busy    int // goroutines that have steps of their own
}

// manySteps is how many directories a goroutine must have before it shares them: a lock for each directory
// would cost as much as reading it.
const manySteps = 8

// walker walks trees for one goroutine, the worker's.
type walker struct {
	opt      *Options
	dirs     *directories
	pending  *pending
	closings *closings
	scratch  string // see Watcher; nothing is looked for there
	ctx      context.Context
	round    uint32 // counts walks from the roots
}

// walk returns the symbolic links that it has found.
func (w *walker) walk(from step, report bool) (links []step) {
	k := &walk{walker: w, report: report, steps: []step{from}, helpers: walkers() - 1, busy: 1}
	k.hungry.Store(int32(k.helpers))
	k.more = sync.NewCond(&k.mu)
	k.run()
	k.helper.Wait()
	return k.links
}

// walkers is how many goroutines walk the tree.
func walkers() int { return min(max(2, runtime.GOMAXPROCS(0)), 8) }

// run visits directories until none is left. Its starter counts it as busy.
func (k *walk) run() {
	var r reader
	var own, links []step
	var entered []entry
	for k.fetch(&own) {
		for len(own) > 0 && k.ctx.Err() == nil {
			last := max(0, len(own)-batch)
			entered = k.enter(own[last:], entered[:0])
			own = own[:last]
			for _, e := range entered {
				own, links = k.read(e, &r, own, links)
			}
			if len(own) > manySteps && k.hungry.Load() > 0 {
				k.share(&own)
			}
		}
	}
	k.mu.Lock()
	k.links = append(k.links, links...)
	k.mu.Unlock()
}

// batch is how many directories a goroutine enters before it reads them. Only one at a time can ask the
// kernel for watches, so the others read meanwhile, and seldom wait.
const batch = 16

// entry is a directory that is watched, and is to be read.
type entry struct {
	step
	node   *node
	added  bool // it was not watched before
	report bool // report its files
}

// enter watches directories, and adds those to entered that are to be read.
func (k *walk) enter(steps []step, entered []entry) []entry {
	k.entering.Lock()
	defer k.entering.Unlock()
	for i := len(steps) - 1; i >= 0 && k.ctx.Err() == nil; i-- { // the last one found comes first
		n, added, fresh, again := k.dirs.enter(steps[i], k.round)
		if n != nil && !again {
			entered = append(entered, entry{steps[i], n, added, k.report && (fresh || added)})
		}
	}
	return entered
}

// fetch waits for shared steps, and takes half of them. It takes none when the walk is over.
func (k *walk) fetch(own *[]step) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy--
	for len(k.steps) == 0 && k.busy > 0 {
		k.hungry.Add(1)
		k.more.Wait()
		k.hungry.Add(-1)
	}
	if len(k.steps) == 0 || k.ctx.Err() != nil {
		k.more.Broadcast()
		return false
	}
	half := len(k.steps) / 2
	*own = append((*own)[:0], k.steps[half:]...)
	k.steps = k.steps[:half]
	k.busy++
	return true
}

// share gives away the half of a goroutine's steps that it found first: they probably lead to the most.
func (k *walk) share(own *[]step) {
	k.mu.Lock()
	defer k.mu.Unlock()
	half := len(*own) / 2
	k.steps = append(k.steps, (*own)[:half]...)
	*own = append((*own)[:0], (*own)[half:]...)
	if k.helpers > 0 {
		k.helpers--
		k.hungry.Add(-1)
		k.busy++
		k.helper.Go(k.run)
	}
	k.more.Broadcast()
}

// read adds the directories and the links in a directory to dirs and links.
func (k *walk) read(e entry, r *reader, dirs, links []step) (_, _ []step) {
	same := e.real == e.name
	err := r.read(e.real, func(base []byte, is kind, inode uint64) {
		if is == file && !e.report {
			return
		}
		var name string
		if is == directory {
			name = r.arena.join(e.name, base)
		} else {
			name = join(e.name, string(base))
		}
		real := name
		if !same {
			real = r.arena.join(e.real, base)
		}
		switch is {
		case file:
			if k.opt.Want(name) {
				k.closings.await(real, true)
				k.pending.add(name, Create, false)
			}
		case symlink:
			links = append(links, step{real: real, name: name})
		case directory:
			if real != k.scratch && !k.opt.Leaf(real) && k.opt.Descend(name) {
				dirs = append(dirs, step{real: real, name: name, inode: inode})
			}
		}
	})
	if err != nil {
		k.dirs.unreadable(e.node, err, e.added)
	}
	return dirs, links
}
