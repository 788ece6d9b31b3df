package machine

import "time"

// generation is one start of a process.
type generation struct {
	gen        int     // its number, from 1
	pid        int     // 0 before it is known
	took       pending // what it was started for
	why        Why
	again      bool // the same version, because the one before it had crashed
	startedAt  time.Time
	readyBy    time.Time
	readyAt    time.Time // when it was ready
	reloadedAt time.Time
	upAt       time.Time // when it counts as up, once it is ready; zero if it does, see up.go
	stoppedAt  time.Time // when it was asked to end
	killAt     time.Time
	killed     bool
}

// side is the second generation that a start-first process has for a while:
// the candidate that is to take over, or the old one that is on its way out.
type side struct {
	generation
	candidate bool
	stopping  bool
}

// deadline is when the side generation must be looked at again.
func (s *side) deadline() time.Time {
	switch {
	case s.stopping && !s.killed:
		return s.killAt
	case !s.stopping:
		return s.readyBy
	}
	return time.Time{}
}

// running tells whether the generation that serves, or is to, lives and has not
// been asked to end.
func (p *process) running() bool {
	switch p.phase {
	case procStarting, procReady, procUnready:
		return true
	}
	return false
}

// live tells whether any generation exists.
func (p *process) live() bool { return p.running() || p.phase == procStopping || p.side != nil }

// begin starts the next generation. Whatever changed until now is in it.
func (m *Machine) begin(n *node, why Why, by int) generation {
	p := n.p
	n.feedback.close(m.now)
	n.feedback.start()
	took := n.pending.take()
	n.startStep = m.clock
	if p.last++; p.begun {
		p.restarts++
	}
	p.begun = true
	again := why == ByCrash && !took.dirty
	if !again {
		n.since = m.clock
		p.failures, p.stoodBefore, p.stood = 0, p.stoodBefore || p.stood, false
	}
	p.due, p.dueBy, p.turn, p.parked, p.dropped = "", -1, atOnce, false, nil
	p.owed = older(older(p.owed, took.since), p.dueSince)
	p.dueSince = 0
	g := generation{gen: p.last, took: took, why: why, again: again, startedAt: m.now}
	if t := n.cfg.Process.ReadyTimeout; n.cfg.Process.Probed && t > 0 {
		g.readyBy = m.now.Add(t)
	}
	m.report(Report{Kind: Starting, Node: n.id, Num: g.gen, Why: why, By: by, Paths: took.paths})
	m.do(StartProcess{n.id, g.gen, took.paths})
	return g
}

// restartDependants marks those who want to restart with this process.
func (m *Machine) restartDependants(n *node) {
	for _, d := range m.nodes {
		for _, need := range d.cfg.Needs {
			if need.Node == n.id && need.Restart && d.p != nil && d.p.running() && d.p.wanted {
				var alone nodeset
				alone.add(d.id)
				d.pending.mark(alone, ByDependency, n.id, older(n.p.owed, m.clock))
				d.pending.anew = true
			}
		}
	}
}
