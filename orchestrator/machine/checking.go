package machine

// With while_checking: wait a process never serves what a watcher upstream is checking: it stops as soon as
// one has something to do, and starts again when all have passed. Only the change from idle to busy stops it,
// so that a start by hand meanwhile is not undone.

// park stops the process when the checks begin.
func (m *Machine) park(n *node) bool {
	p := n.p
	if !n.cfg.Process.WaitChecking || m.cfg.Once {
		return false
	}
	by := m.checking(n)
	began := by >= 0 && !p.checking
	p.checking = by >= 0
	if !began || p.parked || p.due == ByHand || !p.running() && p.side == nil && p.due == "" && p.phase != procBackoff {
		return false
	}
	p.parked, p.due, p.dueBy = true, "", ""
	m.stopProcess(n, ByChecking, m.name(by))
	return true
}

// checking is a watcher upstream that has something to do; -1 if there is none.
func (m *Machine) checking(n *node) int {
	return m.upstream(n, func(u *node) bool { return u.w != nil && u.busy })
}

// holdParked is what keeps a parked process from starting.
func (m *Machine) holdParked(n *node) Hold {
	if by := m.checking(n); by >= 0 {
		return Hold{Kind: UpstreamBusy, Node: by}
	}
	if by := m.upstream(n, func(u *node) bool { return u.w != nil && u.failed }); by >= 0 {
		return Hold{Kind: UpstreamFailed, Node: by}
	}
	if n.pending.dirty {
		return m.holdChange(n)
	}
	return m.holdNeeds(n)
}
