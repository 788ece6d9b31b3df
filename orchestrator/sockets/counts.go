package sockets

import (
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/proxy"
)

// Counts are about the connections, or requests, of one socket. What nobody
// knows is nil.
type Counts struct {
	Waiting  *int // for a server that accepts them
	Limit    int  // of how many may wait; 0: not known
	InFlight *int // at a server
	Cut      *int // by the last restart
}

// Requests are those that wait for the server of a socket that devloop is a proxy of, the oldest first.
func (h *Held) Requests() []proxy.Request {
	if h.front == nil {
		return nil
	}
	return h.front.Requests(mostRequests)
}

// mostRequests is how many waiting requests are listed.
const mostRequests = 20

// Counts of this moment.
func (h *Held) Counts() (c Counts) {
	cut := h.cut
	if h.front != nil {
		front := h.front.Stats()
		inFlight := 0
		for _, n := range front.InFlight {
			inFlight += n
		}
		return Counts{Waiting: &front.Waiting, InFlight: &inFlight, Cut: &cut}
	}
	if h.Network() != listenfd.TCP {
		return c
	}
	if open, err := h.answering(); err == nil {
		c.InFlight, c.Cut = &open, &cut
	}
	if waiting, limit, err := h.Queue(); err == nil {
		if h.placeholder != nil {
			waiting += h.placeholder.Stats().Waiting
		}
		c.Waiting, c.Limit = &waiting, limit
	}
	return c
}

// BeforeSignal says that the generation is about to be told to end. If the signal is fatal, the connections
// on its inherited sockets are counted. That takes milliseconds, for which clients would wait, so it is
// left out for a server that catches the signal and drains.
func (g *Grant) BeforeSignal(fatal bool) {
	g.open = map[*Held]int{}
	if !fatal {
		return
	}
	for _, h := range g.sockets {
		if h.front == nil {
			if open, err := h.answering(); err == nil {
				g.open[h] = open
			}
		}
	}
}

// countCut records how many connections were cut: if a signal ended the generation it has ended them too,
// while a generation that ended by itself had finished them.
func (g *Grant) countCut(end End) {
	for _, h := range g.sockets {
		if h.front == nil && g.open != nil {
			h.cut = 0
			if end.Signal != "" {
				h.cut = g.open[h]
			}
		}
	}
}

// answering is how many connections servers have on an inherited socket. Those
// that wait at a placeholder, or are joined to a server by it, are its own.
func (h *Held) answering() (int, error) {
	open, err := h.Accepted()
	if err != nil || h.placeholder == nil {
		return open, err
	}
	stats := h.placeholder.Stats()
	return max(0, open-stats.Waiting-stats.Forwarding), nil
}
