package machine

// Under start-first the new generation, the candidate, starts beside the old one, which serves until the
// candidate is ready. A candidate that ends, or is not ready in time, is dropped, and the old one stays.
// There are never more than two: a change meanwhile replaces the candidate.

// Drop is why a new version was dropped.
type Drop struct {
	Gen int
	End End  // how it ended by itself
	Due bool // it was not ready in time
}

// overlaps tells whether a renewal starts the new generation beside the old one, which must have served.
func (n *node) overlaps() bool {
	return n.cfg.Process.StartFirst && (n.p.phase == procReady || n.p.phase == procUnready)
}

// candidate is the new generation beside the one that serves; nil if there is none.
func (p *process) candidate() *generation {
	if p.side != nil && p.side.phase == procCandidate {
		return &p.side.generation
	}
	return nil
}

func (m *Machine) startCandidate(n *node, o occasion) {
	n.p.behind = true
	n.p.side = &side{generation: m.begin(n, procCandidate, o), newer: true}
}

// replace makes another candidate due, which also includes the changes of this one.
func (m *Machine) replace(n *node, g *generation, o occasion) {
	m.becomeStopping(n, g, o)
	n.pending.restore(g.took)
	n.pending.noReload = true // a reload signal to the old one is not enough
	if n.p.due == "" && g.why == ByHand {
		n.p.due, n.p.dueBy, n.p.turn = ByHand, "", min(g.turn, onceMet) // it had its turn
	}
}

// takeOver makes the candidate the one that serves. The old one is asked to end, which lets it finish its
// answers.
func (m *Machine) takeOver(n *node, g *generation, o occasion) {
	if m.ending.begun {
		return
	}
	p := n.p
	old := &side{generation: p.generation}
	p.generation, p.failures, p.side, p.behind = *g, 0, old, false
	m.becomeReady(n, &p.generation, o)
	m.report(n, Report{Kind: Stopping, Num: old.gen, Why: ByUpdate})
	m.stop(n, &old.generation)
	m.restartDependants(n)
}

// drop records that the candidate has ended by itself.
func (m *Machine) drop(n *node, g *generation, o occasion) {
	if m.ending.begun {
		m.becomeStopped(n, g, o)
		return
	}
	n.p.dropped, n.p.side = &Drop{Gen: g.gen, End: o.end}, nil
	m.maybeUp(n)
	m.report(n, m.about(g, Dropped, o.end))
}

// dropLate ends a candidate that is not ready in time.
func (m *Machine) dropLate(n *node, g *generation, _ occasion) {
	n.p.dropped = &Drop{Gen: g.gen, Due: true}
	m.report(n, m.about(g, Dropped, End{}))
	m.stop(n, g)
}

// handOver makes the candidate the only generation, if there is one: the old one has ended by itself.
func (m *Machine) handOver(n *node, g *generation, o occasion) {
	p := n.p
	if p.candidate() == nil || m.ending.begun {
		m.becomeEnded(n, g, o)
		return
	}
	m.report(n, m.about(g, Lost, o.end))
	p.generation, p.side, p.behind = p.side.generation, nil, false
	p.phase = procStarting
}
