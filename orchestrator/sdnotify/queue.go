package sdnotify

import "sync"

// maxQueued is how many messages wait for whoever handles them. A sender that
// is faster than that loses lines of status first.
const maxQueued = 256

// item is a message, or the end of a barrier.
type item struct {
	message Message
	release func() // closes the barrier's descriptor; nil for a message
}

// queue stands between the reader, which must never wait, and the one who
// handles messages, who may.
type queue struct {
	mu    sync.Mutex // guards items
	items []item
	poke  chan struct{} // of one: there is something to take
}

func newQueue() *queue { return &queue{poke: make(chan struct{}, 1)} }

// put appends an item. When there are too many the oldest that changes no
// state goes, else the oldest: of states, the last is what counts.
func (q *queue) put(it item) {
	q.mu.Lock()
	if len(q.items) >= maxQueued {
		drop := 0
		for i := range q.items {
			if q.items[i].release == nil && !q.items[i].message.changesState() {
				drop = i
				break
			}
		}
		if release := q.items[drop].release; release != nil {
			release()
		}
		q.items = append(q.items[:drop], q.items[drop+1:]...)
	}
	q.items = append(q.items, it)
	q.mu.Unlock()
	select {
	case q.poke <- struct{}{}:
	default:
	}
}

// take returns everything that waits, in order.
func (q *queue) take() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}
