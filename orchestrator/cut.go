package orchestrator

import (
	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
)

// countOpen notes how many connections a generation has on the sockets that it
// inherited, just before a signal that ends it where it stands. To count takes
// milliseconds, for which clients would wait: who catches the signal that asks
// it to end is left to drain.
func (c *command) countOpen(signal string) {
	if c.key.stage != wholeProcess || c.group == nil {
		return
	}
	c.open = map[*heldSocket]int{}
	sig, err := procgroup.ParseSignal(signal)
	if err != nil {
		return
	}
	if caught, err := c.group.Catches(sig); caught || err != nil {
		return
	}
	for _, s := range c.sockets {
		if s.front == nil {
			if open, err := s.answering(); err == nil {
				c.open[s] = open
			}
		}
	}
}

// countCut notes what has become of them: a signal that ended the generation has
// ended them too, while one that ended by itself had closed them when it was
// done with them.
func (c *command) countCut(end machine.End) {
	for _, s := range c.sockets {
		if s.front == nil && c.open != nil {
			s.cut = 0
			if end.Signal != "" {
				s.cut = c.open[s]
			}
		}
	}
}

// answering is how many connections servers have on an inherited socket. Those
// that wait at a stand-in, or are joined to a server by it, are its own.
func (s *heldSocket) answering() (int, error) {
	open, err := s.Accepted()
	if err != nil || s.standIn == nil {
		return open, err
	}
	stats := s.standIn.Stats()
	return max(0, open-stats.Waiting-stats.Forwarding), nil
}
