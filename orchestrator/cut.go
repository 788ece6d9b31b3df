package orchestrator

import "devloop/orchestrator/machine"

// countOpen notes how many connections a generation has on the sockets that it
// inherited, just before it is asked to end, or killed.
func (c *command) countOpen() {
	if c.key.stage != wholeProcess {
		return
	}
	c.open = map[*heldSocket]int{}
	for _, s := range c.sockets {
		if s.front == nil {
			if open, err := s.Accepted(); err == nil {
				c.open[s] = open
			}
		}
	}
}

// countCut notes what has become of them: a signal that ended the generation has
// ended them too, while one that ended by itself had closed them when it was
// done with them.
func (c *command) countCut(end machine.End) {
	for s, open := range c.open {
		s.cut = 0
		if end.Signal != "" {
			s.cut = open
		}
	}
}
