package livereload

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// goodbye is how long Close waits for pages to take the last state.
const goodbye = 100 * time.Millisecond

// Hub has the newest State of one socket for any number of open pages. A page that is slow skips to the newest one.
type Hub struct {
	pages sync.WaitGroup

	closing, gone context.Context // end when Close begins, with mu held, and when it waits for no page any more
	leave, cut    context.CancelFunc

	mu    sync.Mutex // guards what follows
	state State
	known bool          // there is a state
	newer chan struct{} // closed when there is a newer state; nil while nobody waits for that
}

// NewHub makes the hub of one socket. Close ends it.
func NewHub() *Hub {
	h := &Hub{}
	h.closing, h.leave = context.WithCancel(context.Background())
	h.gone, h.cut = context.WithCancel(context.Background())
	return h
}

// Report gives the open pages a new state. It never waits for them, and does nothing if the state is the one before. The
// hub keeps s.
func (h *Hub) Report(s State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known && h.state.equal(s) {
		return
	}
	h.state, h.known = s, true
	if h.newer != nil {
		close(h.newer)
		h.newer = nil
	}
}

// newest is what pages are told now, as JSON, or nil before the first Report; and a channel that is closed when there is
// something newer.
func (h *Hub) newest() ([]byte, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.newer == nil {
		h.newer = make(chan struct{})
	}
	if !h.known {
		return nil, h.newer
	}
	s := h.state
	s.Now = time.Now().UnixMilli()
	text, err := json.Marshal(s)
	if err != nil {
		return nil, h.newer // not for a struct of text and numbers
	}
	return text, h.newer
}

// enter counts a page in, unless the hub is closed. Whoever it counts calls pages.Done.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing.Err() != nil {
		return false
	}
	h.pages.Add(1)
	return true
}

// Close gives each page the newest state, if there is time for that, and ends all connections and goroutines. It may be
// called again.
func (h *Hub) Close() {
	h.mu.Lock()
	h.leave()
	h.mu.Unlock()
	timer := time.AfterFunc(goodbye, h.cut)
	h.pages.Wait()
	timer.Stop()
	h.cut()
}
