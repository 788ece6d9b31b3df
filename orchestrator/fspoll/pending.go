package fspoll

import (
	"slices"
	"sync"
)

// pending collects changes until Take. It grows with the number of paths, not of changes.
type pending struct {
	wake chan struct{} // holds one element while there is something to take

	mu    sync.Mutex // guards what follows
	index map[string]int
	batch Batch
	hung  []string
}

func newPending() *pending {
	return &pending{wake: make(chan struct{}, 1), index: map[string]int{}}
}

func (p *pending) add(c Change) {
	p.mu.Lock()
	if i, ok := p.index[c.Path]; ok {
		known := &p.batch.Changes[i]
		known.Dir = known.Dir || c.Dir
		if known.Written.IsZero() {
			known.Written = c.Written
		}
	} else {
		p.index[c.Path] = len(p.batch.Changes)
		p.batch.Changes = append(p.batch.Changes, c)
	}
	p.mu.Unlock()
	p.poke()
}

func (p *pending) synced(tokens []uint64) {
	if len(tokens) == 0 {
		return
	}
	p.mu.Lock()
	p.batch.Synced = append(p.batch.Synced, tokens...)
	p.mu.Unlock()
	p.poke()
}

// hangs records which places hang.
func (p *pending) hangs(places []string) {
	p.mu.Lock()
	changed := !slices.Equal(p.hung, places)
	p.hung = places
	p.mu.Unlock()
	if changed {
		p.poke()
	}
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
	batch.Hung = p.hung
	p.batch = Batch{}
	if len(p.index) > 1024 {
		p.index = map[string]int{} // release a storm's memory
	} else {
		clear(p.index)
	}
	return batch
}
