package fswatch

import (
	"sync"
	"time"
)

// pending collects changes until Take. It grows with the number of paths, not of events, and never blocks.
type pending struct {
	want func(path string) bool
	wake chan struct{} // holds one element while there is something to take

	mu    sync.Mutex // guards what follows
	index map[string]int
	batch Batch
}

func newPending(want func(path string) bool) *pending {
	return &pending{want: want, wake: make(chan struct{}, 1), index: map[string]int{}}
}

func (p *pending) add(path string, op Op, dir bool) {
	now := time.Now()
	p.mu.Lock()
	if i, ok := p.index[path]; ok {
		c := &p.batch.Changes[i]
		c.Op |= op
		c.Dir = c.Dir || dir
		c.Last = now
	} else {
		p.index[path] = len(p.batch.Changes)
		p.batch.Changes = append(p.batch.Changes, Change{Path: path, Op: op, Dir: dir, First: now, Last: now})
	}
	p.mu.Unlock()
	p.poke()
}

// report adds a change if it is wanted.
func (p *pending) report(path string, op Op) {
	if p.want(path) {
		p.add(path, op, false)
	}
}

// gone reports that a directory has disappeared with everything below.
func (p *pending) gone(name string) { p.add(name, Rename, true) }

func (p *pending) notice(kind NoticeKind, text string) {
	p.note(func(b *Batch) { b.Notices = append(b.Notices, Notice{kind, text}) })
}

// synced delivers a token of Sync.
func (p *pending) synced(token uint64) {
	p.note(func(b *Batch) { b.Synced = append(b.Synced, token) })
}

// note changes the batch's other fields.
func (p *pending) note(change func(*Batch)) {
	p.mu.Lock()
	change(&p.batch)
	p.mu.Unlock()
	p.poke()
}

func (p *pending) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *pending) take() Batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch := p.batch
	p.batch = Batch{}
	if len(p.index) > 1024 {
		p.index = map[string]int{} // release a storm's memory
	} else {
		clear(p.index)
	}
	return batch
}
