package machine

import (
	"time"

	"devloop/schema"
)

// generation is one start of a process.
type generation struct {
	phase      procPhase
	gen        int     // its number, from 1
	pid        int     // 0 before it is known
	took       pending // what it was started for
	why        Why
	turn       turn // of a start by hand
	again      bool // the same version, because the one before it crashed
	startedAt  time.Time
	readyBy    time.Time
	readyAt    time.Time // when it was ready
	reloadedAt time.Time
	upAt       time.Time // when it counts as up, once it is ready; zero if it does, see up.go
	stoppedAt  time.Time // when it was asked to end
	killAt     time.Time
	killed     bool
}

// deadline is when the generation must be looked at again.
func (g *generation) deadline() time.Time {
	switch g.phase {
	case procStarting, procCandidate:
		return g.readyBy
	case procReady:
		return g.upAt
	case procStopping:
		return g.killAt
	}
	return time.Time{}
}

// side is the second generation that a start-first process has for a while: the candidate, or the old one
// that is ending.
type side struct {
	generation
	newer bool // it is, or was, the candidate
}

// running tells whether the generation that serves, or is to serve, lives and has not been asked to end.
func (p *process) running() bool {
	switch p.phase {
	case procStarting, procReady, procUnready:
		return true
	}
	return false
}

// live tells whether any generation exists.
func (p *process) live() bool { return p.running() || p.phase == procStopping || p.side != nil }

// generations are the live ones, the one that serves last.
func (p *process) generations() (all []*generation) {
	if p.side != nil {
		all = append(all, &p.side.generation)
	}
	if p.running() || p.phase == procStopping {
		all = append(all, &p.generation)
	}
	return all
}

// begin starts the next generation. It includes everything that has changed until now.
func (m *Machine) begin(n *node, phase procPhase, o occasion) generation {
	p := n.p
	n.feedback.close(m.now)
	n.feedback.start()
	took := n.pending.take()
	n.startStep = m.clock
	m.takesIn(n)
	if p.last++; p.begun {
		p.restarts++
	}
	p.begun = true
	turn := p.turn
	if p.due == "" {
		turn = onceMet
	}
	again := o.why == ByCrash && !took.dirty
	if !again {
		n.freshStartStep = m.clock
		p.failures, p.wasReadyBefore, p.wasReady = 0, p.wasReadyBefore || p.wasReady, false
	}
	p.due, p.dueBy, p.turn, p.parked, p.dropped = "", "", atOnce, false, nil
	p.takenSince = older(older(p.takenSince, took.since), p.dueSince)
	p.dueSince = 0
	g := generation{phase: phase, gen: p.last, took: took, why: o.why, turn: turn, again: again, startedAt: m.now}
	if t := n.cfg.Process.ReadyTimeout; n.cfg.Process.Probed && t > 0 {
		g.readyBy = m.now.Add(t)
	}
	m.report(n, Report{Kind: Starting, Num: g.gen, Why: o.why, By: o.by, Paths: took.paths, Beside: phase == procCandidate})
	m.do(StartProcess{n.id, g.gen, took.paths})
	return g
}

// restartDependants marks the nodes that restart with this process.
func (m *Machine) restartDependants(n *node) {
	for _, d := range m.nodes {
		if d.restartsWith(n.id) && d.p != nil && d.p.running() && d.p.wanted {
			var alone nodeset
			alone.add(d.id)
			d.pending.mark(alone, ByDependency, n.cfg.Name, older(n.p.takenSince, m.clock))
			d.pending.noReload = true
		}
	}
}

// about is a report about a generation.
func (m *Machine) about(g *generation, kind ReportKind, end End) Report {
	return Report{Kind: kind, Num: g.gen, Took: m.now.Sub(g.startedAt), End: end}
}

// becomeStarting starts a generation where none lives.
func (m *Machine) becomeStarting(n *node, _ *generation, o occasion) {
	n.p.generation, n.p.behind = m.begin(n, procStarting, o), false
	if n.p.gen > 1 {
		m.restartDependants(n)
	}
}

func (m *Machine) becomeReady(n *node, g *generation, _ occasion) {
	g.phase = procReady
	m.readied(n)
	r := m.about(g, Ready, End{})
	r.Probed = n.cfg.Process.Probed
	m.report(n, r)
	m.do(ServeProcess{n.id, g.gen})
}

func (m *Machine) becomeUnready(n *node, g *generation, _ occasion) {
	g.phase = procUnready
	m.report(n, m.about(g, Unready, End{}))
}

// renew brings the generation that serves up to date with what changed.
func (m *Machine) renew(n *node, g *generation, o occasion) {
	switch {
	case n.p.due != "":
		m.startCandidate(n, o)
	case n.cfg.Process.Reload && g.phase == procReady && !n.pending.noReload:
		m.reload(n, g)
	case n.overlaps() && !n.pending.stopFirst:
		m.startCandidate(n, o)
	default:
		m.restart(n, g, o)
	}
}

// reload signals the generation that serves; it counts as up again only after a moment.
func (m *Machine) reload(n *node, g *generation) {
	n.feedback.close(m.now)
	n.feedback.start()
	took := n.pending.take()
	m.takesIn(n)
	m.report(n, Report{Kind: Reloading, Num: g.gen, Why: took.why, By: took.by, Paths: took.paths})
	m.do(ReloadProcess{n.id, g.gen, took.paths})
	n.p.takenSince = older(n.p.takenSince, took.since)
	g.reloadedAt, g.upAt = m.now, latest(g.upAt, m.now.Add(upAfter))
}

// restart ends the generation, so that the next one starts.
func (m *Machine) restart(n *node, g *generation, o occasion) {
	n.p.due, n.p.dueBy, n.p.turn = o.why, o.by, onceMet
	m.becomeStopping(n, g, o)
}

func (m *Machine) becomeStopping(n *node, g *generation, o occasion) {
	m.report(n, Report{Kind: Stopping, Num: g.gen, Why: o.why, By: o.by, Paths: n.pending.paths, Beside: g.phase == procCandidate})
	m.stop(n, g)
}

// stop asks a generation to end.
func (m *Machine) stop(n *node, g *generation) {
	g.phase, g.stoppedAt, g.killAt = procStopping, m.now, m.now.Add(n.cfg.Process.StopTimeout)
	m.do(StopProcess{n.id, g.gen})
}

func (m *Machine) killOverdue(n *node, g *generation, o occasion) {
	m.report(n, Report{Kind: Killing, Num: g.gen, Grace: n.cfg.Process.StopTimeout})
	m.kill(n, g, o)
}

func (m *Machine) kill(n *node, g *generation, _ occasion) {
	if !g.killed {
		g.phase, g.killed, g.killAt = procStopping, true, time.Time{}
		m.do(KillProcess{n.id, g.gen})
	}
}

// becomeEnded decides what follows when a process ended by itself.
func (m *Machine) becomeEnded(n *node, g *generation, o occasion) {
	p, cfg := n.p, n.cfg.Process
	if m.ending.begun {
		m.becomeStopped(n, g, o)
		return
	}
	p.endedEarly = cfg.Probed && !n.oneShot && p.phase != procReady
	p.end, p.pid = o.end, 0
	r := m.about(g, Ended, o.end)
	if r.Took >= stableAfter {
		p.failures = 0
	}
	again := cfg.Restart == schema.RestartAlways || cfg.Restart == schema.RestartOnFailure && !o.end.OK()
	missing := m.neverPassed(n)
	p.takenSince = older(p.takenSince, m.clock)
	if p.succeeded() && (!again || n.oneShot) {
		p.takenSince = 0
	} else {
		p.lived = r.Took
	}
	switch {
	case !again || m.cfg.Once:
		p.phase = procEnded
	case !o.end.OK() && missing >= 0:
		p.phase = procUnbuilt
		r.Kind, r.By = AwaitsPass, m.name(missing)
	default:
		p.failures++
		r.Times = p.failures
		if limit := p.retries(cfg); limit > 0 && p.failures > limit {
			p.phase = procGaveUp
			r.Kind = GaveUp
			break
		}
		p.phase = procBackoff
		p.backoffUntil = m.now.Add(backoff(cfg.Backoff, p.failures))
		r.Kind, r.Until = Crashed, p.backoffUntil
	}
	m.report(n, r)
}

// becomeStopped ends a generation that was asked to end.
func (m *Machine) becomeStopped(n *node, g *generation, o occasion) {
	m.report(n, m.about(g, Stopped, o.end))
	if n.p.side != nil && g == &n.p.side.generation {
		n.p.side = nil
		m.maybeUp(n)
		return
	}
	g.phase, g.pid = procIdle, 0
}

func (m *Machine) becomeIdle(_ *node, g *generation, _ occasion) { g.phase = procIdle }
