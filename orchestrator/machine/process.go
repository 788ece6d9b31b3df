package machine

import (
	"time"

	"devloop/schema"
)

// stableAfter is how long a process must have run for its earlier failures to
// be forgotten.
const stableAfter = 10 * time.Second

// process is the state of a supervised command.
type process struct {
	phase     procPhase
	wanted    bool // it is meant to run
	due       Why  // it is to be started, for this reason, as soon as its dependencies allow
	dueBy     int
	gen       int // of the last start
	pid       int // of the live generation; 0 before it is known
	restarts  int // starts after the first
	startedAt time.Time
	readyBy   time.Time
	killAt    time.Time
	killed    bool

	failures     int // in a row
	backoffUntil time.Time
	end          End // of the last generation
}

type procPhase int

const (
	procIdle     procPhase = iota // never started, or stopped
	procStarting                  // running, not ready yet
	procReady
	procUnready // running, but it was not ready in time
	procStopping
	procBackoff // it failed and starts again later
	procUnbuilt // it failed before its upstream ever passed
	procEnded   // it ended, and is not to be started again by itself
	procGaveUp
)

// live tells whether a generation exists.
func (p *process) live() bool {
	switch p.phase {
	case procStarting, procReady, procUnready, procStopping:
		return true
	}
	return false
}

// endedItself tells whether the last generation ended without being asked, and
// no other has started since.
func (p *process) endedItself() bool {
	switch p.phase {
	case procBackoff, procUnbuilt, procEnded, procGaveUp:
		return true
	}
	return false
}

// deadline is when the live generation must be looked at again.
func (p *process) deadline() time.Time {
	switch {
	case p.phase == procStarting:
		return p.readyBy
	case p.phase == procStopping && !p.killed:
		return p.killAt
	}
	return time.Time{}
}

func (m *Machine) actProcess(n *node) bool {
	p := n.p
	if !p.wanted || p.phase == procStopping {
		return false
	}
	m.tellHeld(n)
	changed := n.dirt.dirty && n.hold.Kind == NotHeld
	switch {
	case p.live() && changed:
		m.renew(n)
	case p.live():
		return false
	case p.due != "" && n.hold.Kind == NotHeld:
		m.startProcess(n, p.due, p.dueBy)
	case changed:
		m.startProcess(n, n.dirt.why, n.dirt.by)
	case m.holdNeeds(n).Kind != NotHeld:
		return false
	case p.phase == procBackoff && !p.backoffUntil.After(m.now): // even while a change is held
		m.startProcess(n, ByCrash, -1)
	case p.phase == procUnbuilt && m.neverPassed(n) < 0:
		m.startProcess(n, ByPass, -1)
	default:
		return false
	}
	return true
}

// renew brings a running process up to date with what changed.
func (m *Machine) renew(n *node) {
	if n.cfg.Process.Reload && n.p.phase == procReady && !n.dirt.anew {
		took := n.dirt.take()
		m.report(Report{Kind: Reloading, Node: n.id, Num: n.p.gen, Why: took.why, By: took.by, Paths: took.paths})
		m.do(ReloadProcess{n.id, n.p.gen})
		return
	}
	n.p.due, n.p.dueBy = n.dirt.why, n.dirt.by
	m.stopProcess(n, n.dirt.why, n.dirt.by)
}

// startProcess starts the next generation. Whatever changed until now is in it.
func (m *Machine) startProcess(n *node, why Why, by int) {
	p := n.p
	m.closeFeed(n)
	took := n.dirt.take()
	if p.gen++; p.gen > 1 {
		p.restarts++
	}
	if why != ByCrash {
		p.failures = 0
	}
	p.phase, p.due, p.dueBy, p.killed = procStarting, "", -1, false
	p.startedAt, p.readyBy = m.now, time.Time{}
	if t := n.cfg.Process.ReadyTimeout; n.cfg.Process.Probed && t > 0 {
		p.readyBy = m.now.Add(t)
	}
	m.report(Report{Kind: Starting, Node: n.id, Num: p.gen, Why: why, By: by, Paths: took.paths})
	m.do(StartProcess{n.id, p.gen})
	if p.gen == 1 {
		return
	}
	for _, d := range m.nodes {
		for _, need := range d.cfg.Needs {
			if need.Node == n.id && need.Restart && d.p != nil && d.p.live() && d.p.wanted {
				var alone nodeset
				alone.add(d.id)
				d.dirt.mark(alone, ByDependency, n.id)
				d.dirt.anew = true
			}
		}
	}
}

func (m *Machine) stopProcess(n *node, why Why, by int) {
	p := n.p
	if !p.live() || p.phase == procStopping {
		return
	}
	p.phase = procStopping
	m.report(Report{Kind: Stopping, Node: n.id, Num: p.gen, Why: why, By: by, Paths: n.dirt.paths})
	p.killAt = m.now.Add(n.cfg.Process.StopTimeout)
	m.do(StopProcess{n.id, p.gen})
}

func (m *Machine) killProcess(n *node) {
	if n.p.killed {
		return
	}
	n.p.killed = true
	m.do(KillProcess{n.id, n.p.gen})
}

func (m *Machine) stopByHand(n *node) {
	n.p.wanted, n.p.due = false, ""
	n.dirt.take()
	if n.p.live() {
		m.stopProcess(n, ByHand, -1)
	} else {
		n.p.phase = procIdle
	}
}

func (m *Machine) restartByHand(n *node) {
	p := n.p
	p.wanted, p.due, p.dueBy = true, ByHand, -1
	n.feed = feed{}
	if p.live() {
		m.stopProcess(n, ByHand, -1)
	}
}

// of finds the node if the event is about its live generation.
func (m *Machine) of(id, gen int) (*node, bool) {
	n := m.nodes[id]
	return n, n.p != nil && n.p.gen == gen && n.p.live()
}

func (m *Machine) processStarted(ev ProcessStarted) {
	n, ok := m.of(ev.Node, ev.Gen)
	if !ok {
		return
	}
	n.p.pid = ev.PID
	if !n.cfg.Process.Probed {
		m.processReady(ProcessReady{ev.Node, ev.Gen})
	}
}

func (m *Machine) processReady(ev ProcessReady) {
	n, ok := m.of(ev.Node, ev.Gen)
	if !ok || n.p.phase != procStarting && n.p.phase != procUnready {
		return
	}
	n.p.phase = procReady
	m.report(Report{Kind: Ready, Node: n.id, Num: n.p.gen, By: -1, Took: m.now.Sub(n.p.startedAt)})
}

func (m *Machine) processExited(ev ProcessExited) {
	n, ok := m.of(ev.Node, ev.Gen)
	if !ok {
		return
	}
	p := n.p
	asked := p.phase == procStopping
	p.end, p.pid = ev.End, 0
	r := Report{Node: n.id, Num: p.gen, By: -1, Took: m.now.Sub(p.startedAt), End: ev.End}
	if asked || m.ending.begun {
		p.phase = procIdle
		r.Kind = Stopped
		m.report(r)
		return
	}
	m.ended(n, r)
}

// ended decides what becomes of a process that ended by itself.
func (m *Machine) ended(n *node, r Report) {
	p, cfg := n.p, n.cfg.Process
	if m.now.Sub(p.startedAt) >= stableAfter {
		p.failures = 0
	}
	again := cfg.Restart == schema.RestartAlways || cfg.Restart == schema.RestartOnFailure && !r.End.OK()
	missing := m.neverPassed(n)
	switch {
	case !again || m.cfg.Once:
		p.phase = procEnded
		r.Kind = Ended
	case !r.End.OK() && missing >= 0:
		p.phase = procUnbuilt
		r.Kind, r.By = AwaitsPass, missing
	default:
		p.failures++
		if cfg.Backoff.GiveUp > 0 && p.failures > cfg.Backoff.GiveUp {
			p.phase = procGaveUp
			r.Kind = GaveUp
			break
		}
		p.phase = procBackoff
		p.backoffUntil = m.now.Add(backoff(cfg.Backoff, p.failures))
		r.Kind, r.Until = Crashed, p.backoffUntil
	}
	m.report(r)
}

// backoff is the wait after so many failures in a row: it doubles each time.
func backoff(b schema.Backoff, failures int) time.Duration {
	wait := b.Initial
	for i := 1; i < failures && wait < b.Max; i++ {
		wait *= 2
	}
	return min(wait, max(b.Max, b.Initial))
}
