package machine

import (
	"slices"
	"time"
)

// Deadline is when the machine wants a Tick, if it waits for a time at all. It may already have passed, if
// another event came instead of the Tick.
func (m *Machine) Deadline() (time.Time, bool) {
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if !m.started || m.ending.exited {
		return at, false
	}
	for _, n := range m.nodes {
		if !m.ending.begun {
			// Even if the node is held: what is settling may also cancel a run.
			if n.pending.settling {
				sooner(n.pending.until)
			}
			if n.hold.Kind == DownstreamStarting {
				sooner(n.hold.Until)
			}
			if n.pending.dirty && n.feedback.holds(m.now, &n.pending) {
				sooner(n.feedback.until)
			}
			// A crash restarts even while a change is held.
			if n.p != nil && n.p.phase == procBackoff && !n.p.parked && n.p.backoffUntil.After(m.now) {
				sooner(n.p.backoffUntil)
			}
		}
		if n.w != nil {
			for i := range n.w.stages {
				sooner(n.w.stages[i].deadline())
			}
		} else {
			for _, g := range n.p.generations() {
				sooner(g.deadline())
			}
		}
	}
	if m.ending.begun {
		sooner(m.ending.reportAt)
	}
	return at, !at.IsZero()
}

// Settling tells whether a Tick may end a settle period, so that the caller must find out whether git is at
// work.
func (m *Machine) Settling() bool {
	return slices.ContainsFunc(m.nodes, func(n *node) bool { return n.pending.settling })
}

// expire acts on a deadline of a single command that has passed.
func (m *Machine) expire(n *node) bool {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(m.now) }
	if n.w != nil {
		for i := range n.w.stages {
			s := &n.w.stages[i]
			if !due(s.deadline()) {
				continue
			}
			if s.stopped {
				m.killStage(n, i)
			} else {
				s.timedOut = true
				m.stopStage(n, i)
			}
			return true
		}
		return false
	}
	for _, g := range slices.Backward(n.p.generations()) {
		if due(g.deadline()) {
			return m.on(n, g, onTime, occasion{})
		}
	}
	return false
}
