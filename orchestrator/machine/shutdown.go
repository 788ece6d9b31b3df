package machine

import (
	"slices"
	"time"
)

// How often a shut-down that takes long says what it waits for.
const (
	reportFirst = time.Second
	reportAgain = 5 * time.Second
)

// ending is the state of the shut-down.
type ending struct {
	begun    bool
	hard     bool // everything is killed
	exited   bool
	code     int
	reportAt time.Time
}

// shutdown begins the end: stages are cancelled at once, processes stop in
// reverse order. Asked again, or hard, it kills what is left.
func (m *Machine) shutdown(ev Shutdown) {
	e := &m.ending
	e.hard = e.hard || ev.Hard || e.begun
	if !e.begun {
		e.begun, e.code = true, ev.Code
		e.reportAt = m.now.Add(reportFirst)
	}
	for _, n := range m.nodes {
		switch {
		case n.w != nil:
			m.endWatcher(n)
		case e.hard:
			m.killProcess(n)
		}
	}
}

// Ending tells whether the end has begun.
func (m *Machine) Ending() bool { return m.ending.begun }

// endWatcher cancels a run for good.
func (m *Machine) endWatcher(n *node) {
	w := n.w
	w.phase = idle
	for i := range w.stages {
		switch w.stages[i].state {
		case stagePending:
			w.stages[i].state = stageIdle
		case stageRunning:
			w.phase = cancelling
			if m.ending.hard {
				m.killStage(n, i)
			} else {
				m.stopStage(n, i)
			}
		}
	}
}

// advanceShutdown continues a shut-down: a process stops once everything downstream of it is down. In a
// single run it also notices that the work is done.
func (m *Machine) advanceShutdown() bool {
	if !m.ending.begun {
		return m.cfg.Once && m.finished()
	}
	if m.ending.exited {
		return false
	}
	down, moved := true, false
	for i := len(m.order) - 1; i >= 0; i-- {
		n := m.nodes[m.order[i]]
		if !n.alive() {
			continue
		}
		down = false
		if n.p != nil && !m.needed(n) && m.stopProcess(n, ByShutdown, "") {
			moved = true // its grace may be zero
		}
	}
	if down {
		m.ending.exited = true
		m.do(Exit{m.ending.code})
		return false
	}
	if !m.ending.reportAt.After(m.now) {
		m.ending.reportAt = m.now.Add(reportAgain)
		for _, i := range m.order {
			if n := m.nodes[i]; n.alive() && (n.w != nil || !n.p.running()) {
				m.report(n, Report{Kind: StillWaiting})
			}
		}
	}
	return moved
}

// needed tells whether something downstream is still alive.
func (m *Machine) needed(n *node) bool {
	return slices.ContainsFunc(n.down, func(d int) bool { return m.nodes[d].alive() || m.needed(m.nodes[d]) })
}

// alive tells whether the node has a command running.
func (n *node) alive() bool {
	if n.w != nil {
		return n.w.count(stageRunning) > 0
	}
	return n.p.live()
}

// finished ends a single run: with success when every watcher has passed, with failure when something that a
// watcher waits for can never come.
func (m *Machine) finished() bool {
	for _, n := range m.nodes {
		if n.p != nil && n.p.phase == procEnded && !n.p.end.OK() {
			m.fail(n)
			return true
		}
	}
	for _, n := range m.nodes {
		if n.w != nil && (n.w.phase != idle || n.w.touching || n.pending.dirty) {
			if n.w.phase == idle && !n.w.touching && m.stuck(n.hold) {
				m.fail(m.nodes[n.hold.Node])
				return true
			}
			return false
		}
	}
	m.shutdown(Shutdown{Code: 0})
	return true
}

// fail ends a single run because a node has failed, and names the watchers that did not run, or not to the
// end, because of it.
func (m *Machine) fail(failed *node) {
	for _, i := range m.order {
		if n := m.nodes[i]; n != failed && n.w != nil && (n.w.phase != idle || n.pending.dirty) {
			m.report(n, Report{Kind: NotRun, Num: n.w.run, By: failed.cfg.Name})
		}
	}
	m.shutdown(Shutdown{Code: 1})
}
