package machine

import "time"

// Under start-first the new generation, the candidate, starts beside the old
// one, which goes on serving until the candidate is ready. A candidate that
// ends, or is not ready in time, is dropped, and the old one stays. There are
// never more than two: what changes meanwhile replaces the candidate.

// Drop is why a new version was not taken.
type Drop struct {
	Gen int
	End End  // how it ended by itself
	Due bool // it was not ready in time
}

// overlaps tells whether a renewal starts the new generation beside the old
// one. There is nothing to keep of one that never served.
func (n *node) overlaps() bool {
	return n.cfg.Process.StartFirst && (n.p.phase == procReady || n.p.phase == procUnready)
}

func (m *Machine) startCandidate(n *node, why Why, by int) {
	n.p.behind = true
	n.p.side = &side{generation: m.begin(n, why, by), candidate: true}
}

// stopSide asks the candidate to end.
func (m *Machine) stopSide(n *node, why Why, by int) {
	s := n.p.side
	if s == nil || s.stopping {
		return
	}
	m.report(Report{Kind: Stopping, Node: n.id, Num: s.gen, Why: why, By: by, Paths: n.pending.paths})
	m.endSide(n)
}

func (m *Machine) endSide(n *node) {
	s := n.p.side
	s.stopping, s.stoppedAt, s.killAt = true, m.now, m.now.Add(n.cfg.Process.StopTimeout)
	m.do(StopProcess{n.id, s.gen})
}

// sideReady hands over: the candidate serves from now on, and the old one is
// asked to end, which lets it finish what it has begun.
func (m *Machine) sideReady(n *node) {
	p := n.p
	old := p.generation
	p.generation, p.phase, p.failures = p.side.generation, procReady, 0
	p.side, p.behind = &side{generation: old}, false
	m.readied(n)
	m.report(Report{Kind: Ready, Node: n.id, Num: p.gen, By: -1, Took: m.now.Sub(p.startedAt)})
	m.do(ServeProcess{n.id, p.gen})
	m.report(Report{Kind: Stopping, Node: n.id, Num: old.gen, Why: ByUpdate, By: -1})
	m.endSide(n)
	m.restartDependants(n)
}

// sideExited ends the candidate or the old generation.
func (m *Machine) sideExited(n *node, end End) {
	p, s := n.p, n.p.side
	p.side = nil
	r := Report{Kind: Stopped, Node: n.id, Num: s.gen, By: -1, Took: m.now.Sub(s.startedAt), End: end}
	if s.candidate && !s.stopping && !m.ending.begun {
		p.dropped = &Drop{Gen: s.gen, End: end}
		r.Kind = Dropped
	}
	m.pay(n)
	m.report(r)
}

// sideLate drops a candidate that is not ready in time.
func (m *Machine) sideLate(n *node) {
	s := n.p.side
	n.p.dropped = &Drop{Gen: s.gen, Due: true}
	s.readyBy = time.Time{}
	m.report(Report{Kind: Dropped, Node: n.id, Num: s.gen, By: -1, Took: m.now.Sub(s.startedAt)})
	m.endSide(n)
}

// inherit makes the candidate the only generation: the one it was to replace
// has ended by itself.
func (m *Machine) inherit(n *node, r Report) {
	p := n.p
	r.Kind = Lost
	m.report(r)
	p.generation, p.phase, p.side, p.behind = p.side.generation, procStarting, nil, false
}
