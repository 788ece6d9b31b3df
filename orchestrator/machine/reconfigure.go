package machine

import "slices"

// reconfigure replaces the configuration. Nodes keep their indexes, so that events of running commands still
// find their node; a removed node is marked gone, ends what it runs, and never acts again.
func (m *Machine) reconfigure(ev Reconfigure) {
	known := len(m.nodes)
	m.cfg = ev.Config
	var arrived nodeset
	for i := range m.cfg.Nodes {
		c := &m.cfg.Nodes[i]
		switch {
		case i >= known:
			m.nodes = append(m.nodes, newNode(i, c))
			arrived.add(i)
		case m.nodes[i].gone && !c.Gone:
			m.nodes[i].revive(c)
			arrived.add(i)
		case m.nodes[i].w != nil && !c.Gone:
			m.nodes[i].cfg = c
			m.nodes[i].w.reconfigure(c.Watcher, slices.Contains(ev.Changed, i))
		default:
			m.nodes[i].cfg = c
		}
	}
	m.link()
	if m.ending.begun {
		return // whatever it is, it ends
	}
	var changed nodeset
	for i, n := range m.nodes {
		if n.p != nil {
			m.maybeUp(n) // maybe no node waits for its success any more
		}
		// A watcher that runs only by hand, and has not run yet, is not started by this.
		starts := n.w != nil && n.cfg.Watcher != nil && n.cfg.Watcher.OnStart
		was := n.w == nil || n.w.asked || n.pending.dirty
		if arrived.has(i) && starts || !arrived.has(i) && slices.Contains(ev.Changed, i) && (was || starts) {
			changed.add(i)
		}
	}
	for i, n := range m.nodes {
		switch {
		case n.cfg.Gone:
			m.retire(n)
		case !m.started: // all of it is to start anyway
		case arrived.has(i) && n.p != nil:
			if n.cfg.Process.Start {
				n.p.wanted, n.p.due, n.p.dueBy, n.p.dueSince = true, ByStart, "", m.clock
			}
		case !changed.has(i):
		case n.w != nil:
			n.w.asked = n.w.asked || n.cfg.Watcher.OnStart
			n.pending.mark(changed, ByConfig, "", m.clock)
			n.pending.all = true
			n.feedback = feedback{} // of what it was
		case n.p.wanted:
			n.pending.mark(changed, ByConfig, "", m.clock)
			n.pending.noReload = true
			n.feedback = feedback{}
		}
	}
	for _, i := range ev.StopFirst {
		m.nodes[i].pending.stopFirst = true
	}
}

// revive makes a removed node like a new one. What it had begun before may not have ended yet, and is waited
// for.
func (n *node) revive(c *Node) {
	n.cfg, n.gone, n.off, n.heldReported = c, false, false, false
	if p := n.p; p != nil {
		p.failures, p.end, p.takenSince, p.dueSince, p.checking = 0, End{}, 0, 0, false
		p.begun, p.restarts = false, 0
		p.wasReady, p.wasReadyBefore, p.lived, p.dropped = false, false, 0, nil
		return
	}
	w := n.w
	w.outcome, w.everPassed, w.asked, w.discarded, w.unpublished = outNone, false, false, 0, false
	w.startedFor, w.takenSince = nil, 0
	if w.phase == draining {
		w.phase = idle
		w.run++ // its Drained comes too late
	}
	if w.phase == idle {
		w.configure(c.Watcher)
	} else {
		w.next = c.Watcher
	}
}

// retire ends a node that was removed.
func (m *Machine) retire(n *node) {
	if n.gone {
		return
	}
	n.gone = true
	m.halt(n, ByConfig)
	n.pending = pending{}
	n.feedback = feedback{}
	for _, other := range m.nodes {
		other.feedback.forget(n.id)
	}
}
