package machine

import "time"

// For a question whether a change is live, a generation is up when it is ready and has not died since. One
// without a readiness check must also outlive a moment, in which most broken ones end; and one that replaces
// a crashed one must live a moment longer than that did, or a wait in the middle of a crash loop would
// succeed.

// upAfter is that moment; it also applies after a reload signal.
const upAfter = time.Second

// readied notes that the generation that serves is ready, and from when on it is
// up.
func (m *Machine) readied(n *node) {
	p := n.p
	p.readyAt, p.wasReady = m.now, p.wasReady || n.cfg.Process.Probed
	p.upAt = m.now
	if p.again || !n.cfg.Process.Probed {
		p.upAt = latest(p.upAt, p.startedAt.Add(min(p.lived, stableAfter-upAfter))).Add(upAfter)
	}
	m.maybeUp(n)
}

func (m *Machine) becomeUp(n *node, _ *generation, _ occasion) { m.maybeUp(n) }

// maybeUp ends what is open at the process once the generation that serves is up, and no older one serves any
// more.
func (m *Machine) maybeUp(n *node) {
	p := n.p
	if p.phase != procReady || p.upAt.After(m.now) {
		return
	}
	if !p.upAt.IsZero() {
		p.wasReady, p.lived, p.upAt = true, 0, time.Time{}
	}
	if p.side == nil && !p.behind && !n.oneShot {
		p.takenSince = 0
	}
}

// succeeded tells whether a process that ended has done its work. One that ended before it was ready has not.
func (p *process) succeeded() bool { return p.end.OK() && !p.endedEarly }

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
