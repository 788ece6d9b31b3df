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
	phase      procPhase
	generation       // the one that serves, or is to
	side       *side // beside it, for a while: see update.go
	last       int   // the number of the last started generation
	wanted     bool  // it is meant to run
	due        Why   // it is to be started, for this reason, as soon as its dependencies allow
	dueBy      int
	turn       turn   // when, if it is due by hand
	begun      bool   // it has been started, since it is in the configuration
	restarts   int    // starts after the first
	owed       uint64 // the oldest step that its generations have taken and are not done with
	dueSince   uint64 // of due, if it was by hand or at start: see await.go
	checking   bool   // a watcher upstream is busy, see checking.go
	parked     bool   // it is down for that reason
	dropped    *Drop  // the last new version, if it was not taken
	behind     bool   // the generation that serves is not of the newest version

	starts durations // until it was ready

	failures     int // in a row
	backoffUntil time.Time
	end          End           // of the last generation
	endedEarly   bool          // it was to say that it is ready, and had not
	lived        time.Duration // how long it did, if it crashed, and no other has been up since
	stood        bool          // a generation of this version has been ready
	stoodBefore  bool          // one of an earlier version has
}

// turn is when a process starts that somebody has asked for.
type turn int

const (
	atOnce      turn = iota
	onceMet          // when its needs are met
	onceSettled      // when what the same request asks of nodes upstream is done
)

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

// endedItself tells whether the last generation ended without being asked, and
// no other has started since.
func (p *process) endedItself() bool {
	switch p.phase {
	case procBackoff, procUnbuilt, procEnded, procGaveUp:
		return true
	}
	return false
}

// deadline is when the generation that serves must be looked at again.
func (p *process) deadline() time.Time {
	switch {
	case p.phase == procStarting:
		return p.readyBy
	case p.phase == procStopping && !p.killed:
		return p.killAt
	case p.phase == procReady:
		return p.upAt
	}
	return time.Time{}
}

func (m *Machine) actProcess(n *node) bool {
	p := n.p
	if !p.wanted {
		return false
	}
	if m.park(n) {
		return true
	}
	if p.phase == procStopping {
		return false
	}
	m.reportHeld(n)
	changed := n.pending.dirty && n.hold.Kind == NotHeld
	switch {
	case p.side != nil && p.side.stopping:
		return false // no third generation
	case p.side != nil && (changed || p.due != ""):
		// What is to come replaces what was to come.
		why, by := n.pending.why, n.pending.by
		if p.due != "" {
			why, by = p.due, p.dueBy
		}
		m.stopSide(n, why, by)
		n.pending.restore(p.side.took)
		n.pending.anew = true // a reload signal to the old one is not enough
		if p.due == "" && p.side.why == ByHand {
			p.due, p.dueBy = ByHand, -1 // it still waits for nothing
		}
	case p.running() && p.due != "":
		m.startCandidate(n, p.due, p.dueBy)
	case p.running() && changed:
		m.renew(n)
	case p.running():
		return false
	case p.parked && n.hold.Kind == NotHeld:
		m.startProcess(n, ByChecked, -1)
	case p.parked:
		return false
	case p.due != "" && n.hold.Kind == NotHeld:
		m.startProcess(n, p.due, p.dueBy)
	case changed:
		m.startProcess(n, n.pending.why, n.pending.by)
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
	switch {
	case n.cfg.Process.Reload && n.p.phase == procReady && !n.pending.anew:
		n.feedback.close(m.now)
		n.feedback.start()
		n.p.reloadedAt = m.now
		took := n.pending.take()
		m.report(Report{Kind: Reloading, Node: n.id, Num: n.p.gen, Why: took.why, By: took.by, Paths: took.paths})
		m.do(ReloadProcess{n.id, n.p.gen, took.paths})
		m.reloaded(n, took)
	case n.overlaps() && !n.pending.apart:
		m.startCandidate(n, n.pending.why, n.pending.by)
	default:
		n.p.due, n.p.dueBy, n.p.turn = n.pending.why, n.pending.by, onceMet
		m.stopProcess(n, n.pending.why, n.pending.by)
	}
}

// startProcess starts a generation where none is running.
func (m *Machine) startProcess(n *node, why Why, by int) {
	n.p.generation = m.begin(n, why, by)
	n.p.phase, n.p.behind = procStarting, false
	if n.p.gen > 1 {
		m.restartDependants(n)
	}
}

// stopProcess asks every generation to end that has not been asked yet, and
// tells whether there was one.
func (m *Machine) stopProcess(n *node, why Why, by int) bool {
	p := n.p
	side := p.side != nil && !p.side.stopping
	m.stopSide(n, why, by)
	if !p.running() {
		return side
	}
	p.phase = procStopping
	m.report(Report{Kind: Stopping, Node: n.id, Num: p.gen, Why: why, By: by, Paths: n.pending.paths})
	p.stoppedAt, p.killAt = m.now, m.now.Add(n.cfg.Process.StopTimeout)
	m.do(StopProcess{n.id, p.gen})
	return true
}

func (m *Machine) killProcess(n *node) {
	if n.p.killed {
		return
	}
	n.p.killed = true
	m.do(KillProcess{n.id, n.p.gen})
}

func (m *Machine) killSide(n *node) {
	if s := n.p.side; !s.killed {
		s.stopping, s.killed = true, true
		m.do(KillProcess{n.id, s.gen})
	}
}

// killAll ends every generation at once.
func (m *Machine) killAll(n *node) {
	if n.p.side != nil {
		m.killSide(n)
	}
	if n.p.running() || n.p.phase == procStopping {
		n.p.phase = procStopping
		m.killProcess(n)
	}
}

func (m *Machine) stopByHand(n *node) {
	p := n.p
	p.wanted, p.due, p.parked, p.dropped, p.owed, p.dueSince = false, "", false, nil, 0, 0
	n.pending.take()
	m.stopProcess(n, ByHand, -1)
	if p.phase != procStopping {
		p.phase = procIdle
	}
}

// startByHand makes it due now, whatever the rest of the graph does: the checks
// that are going on do not begin for it any more, see park.
func (m *Machine) startByHand(n *node) {
	p := n.p
	p.wanted, p.due, p.dueBy, p.parked, p.turn = true, ByHand, -1, false, atOnce
	p.checking = m.checking(n) >= 0
	p.dueSince = older(p.dueSince, m.clock)
}

func (m *Machine) restartByHand(n *node) {
	m.startByHand(n)
	if !n.overlaps() {
		m.stopProcess(n, ByHand, -1)
	}
}

// of finds the node if the event is about a live generation of it. aside says
// that it is the second one.
func (m *Machine) of(id, gen int) (n *node, aside, ok bool) {
	n = m.nodes[id]
	switch p := n.p; {
	case p == nil:
	case p.side != nil && p.side.gen == gen:
		return n, true, true
	case p.gen == gen && (p.running() || p.phase == procStopping):
		return n, false, true
	}
	return n, false, false
}

func (m *Machine) processStarted(ev ProcessStarted) {
	n, aside, ok := m.of(ev.Node, ev.Gen)
	switch {
	case !ok:
		return
	case aside:
		n.p.side.pid = ev.PID
	default:
		n.p.pid = ev.PID
	}
	if !n.cfg.Process.Probed {
		m.processReady(ProcessReady{ev.Node, ev.Gen})
	}
}

func (m *Machine) processReady(ev ProcessReady) {
	n, aside, ok := m.of(ev.Node, ev.Gen)
	switch {
	case !ok:
		return
	case aside:
		if n.p.side.candidate && !n.p.side.stopping && !m.ending.begun {
			m.sideReady(n)
		}
		return
	case n.p.phase != procStarting && n.p.phase != procUnready:
		return
	}
	n.p.phase = procReady
	m.readied(n)
	m.report(Report{Kind: Ready, Node: n.id, Num: n.p.gen, By: -1, Took: m.now.Sub(n.p.startedAt)})
	m.do(ServeProcess{n.id, n.p.gen})
}

func (m *Machine) processExited(ev ProcessExited) {
	n, aside, ok := m.of(ev.Node, ev.Gen)
	if !ok {
		return
	}
	if aside {
		m.sideExited(n, ev.End)
		return
	}
	p := n.p
	asked := p.phase == procStopping
	p.endedEarly = n.cfg.Process.Probed && !n.oneShot && (p.phase == procStarting || p.phase == procUnready)
	p.end, p.pid = ev.End, 0
	r := Report{Node: n.id, Num: p.gen, By: -1, Took: m.now.Sub(p.startedAt), End: ev.End}
	switch {
	case asked || m.ending.begun:
		p.phase = procIdle
		r.Kind = Stopped
		m.report(r)
	case p.side != nil && p.side.candidate && !p.side.stopping:
		m.inherit(n, r)
	default:
		m.ended(n, r)
	}
}

// ended decides what becomes of a process that ended by itself.
func (m *Machine) ended(n *node, r Report) {
	p, cfg := n.p, n.cfg.Process
	if r.Took >= stableAfter {
		p.failures = 0
	}
	again := cfg.Restart == schema.RestartAlways || cfg.Restart == schema.RestartOnFailure && !r.End.OK()
	missing := m.neverPassed(n)
	p.owed = older(p.owed, m.clock)
	if p.succeeded() && (!again || n.oneShot) {
		p.owed = 0
	} else {
		p.lived = r.Took
	}
	switch {
	case !again || m.cfg.Once:
		p.phase = procEnded
		r.Kind = Ended
	case !r.End.OK() && missing >= 0:
		p.phase = procUnbuilt
		r.Kind, r.By = AwaitsPass, missing
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
	m.report(r)
}

// retries is how many failures in a row are answered by another start; 0: any
// number. A version that has never been ready, where an earlier one was, fails
// because of what changed, and goes on to until something changes again: it is
// tried once more. Not so where restart or give_up ask for every try.
func (p *process) retries(cfg *Process) int {
	limit := cfg.Backoff.GiveUp
	if cfg.Restart == schema.RestartOnFailure && p.stoodBefore && !p.stood {
		limit = min(limit, 1)
	}
	return limit
}

// backoff is the wait after so many failures in a row: it doubles each time.
func backoff(b schema.Backoff, failures int) time.Duration {
	wait := b.Initial
	for i := 1; i < failures && wait < b.Max; i++ {
		wait *= 2
	}
	return min(wait, max(b.Max, b.Initial))
}
