package machine

import (
	"slices"
	"time"
)

// The barrier: a question whether a change is live is answered when everything that any earlier change could
// cause is done, whatever comes after the question.
//
// Every step has a number. A pending change carries the number of the step that caused it, and so does the
// work that it triggers: what a run touches downstream carries the step of the run, not that of the touch. A
// node is done with a change when a run that began with it has passed, or a generation that did is up: see
// up.go. So a question asked at step C is answered when nothing numbered C or less is left.
//
// A change during a run may be what that run writes, so it belongs to every question that waits for the run:
// see extend.

// older is the older of two steps; 0 is none.
func older(a, b uint64) uint64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// openBy tells whether something is open since that step or before; 0 is nothing.
func openBy(since, step uint64) bool { return since != 0 && since <= step }

// barrier is one question that waits for its answer.
type barrier struct {
	id    int
	clock uint64
	nodes nodeset // those that it is about

	// Nodes whose files changed during a run that the barrier waits for: up to which step it waits for them,
	// and the nodes that may have changed them.
	extended map[int]uint64
	causes   map[int]nodeset
}

// until is the step up to which the barrier waits for what is open at a node.
func (b *barrier) until(node int) uint64 { return max(b.clock, b.extended[node]) }

// barrier is a question. It is also about what the named nodes depend on.
func (m *Machine) barrier(ev Await) *barrier {
	b := &barrier{id: ev.ID, clock: m.clock, extended: map[int]uint64{}, causes: map[int]nodeset{}}
	for _, n := range m.nodes {
		if len(ev.Nodes) == 0 && !n.gone {
			b.nodes.add(n.id)
		}
	}
	for _, i := range ev.Nodes {
		b.nodes.add(i)
		b.nodes.union(m.nodes[i].up)
	}
	return b
}

func (m *Machine) forget(ev Forget) {
	m.barriers = slices.DeleteFunc(m.barriers, func(b *barrier) bool { return b.id == ev.ID })
}

// awaited tells whether a question waits for what is open at the node since that step.
func (m *Machine) awaited(n *node, since uint64) bool {
	return slices.ContainsFunc(m.barriers, func(b *barrier) bool { return b.nodes.has(n.id) && openBy(since, b.until(n.id)) })
}

// extend makes every question that waits for a run of another watcher also wait for what changes here
// meanwhile, and for what that leads to: the run may have written it, whether the configuration says so or
// not. This ends, because no node extends the wait for those by whose work its own was extended.
func (m *Machine) extend(n *node) {
	for _, b := range m.barriers {
		for _, u := range m.nodes {
			if b.mayWrite(u, n) {
				b.extend(m, u, n)
			}
		}
	}
}

// extendUnseen makes every question wait for what changed in files that did not respond: that may have been
// before the question.
func (m *Machine) extendUnseen(n *node) {
	for _, b := range m.barriers {
		for _, d := range m.nodes {
			if b.nodes.has(n.id) && (d == n || d.up.has(n.id)) {
				b.extended[d.id] = m.clock
			}
		}
	}
}

// mayWrite tells whether u is at work for the barrier and may change what n watches, without leading in
// circles.
func (b *barrier) mayWrite(u, n *node) bool {
	return u != n && u.w != nil && u.w.phase != idle && b.nodes.has(u.id) && b.nodes.has(n.id) &&
		openBy(u.w.takenSince, b.until(u.id)) && !u.up.has(n.id) && !b.causes[u.id].has(n.id)
}

func (b *barrier) extend(m *Machine, u, n *node) {
	causes := b.causes[u.id].clone()
	causes.add(u.id)
	for _, d := range m.nodes {
		if d != n && !d.up.has(n.id) {
			continue
		}
		b.extended[d.id] = m.clock
		all := b.causes[d.id].clone()
		all.union(causes)
		b.causes[d.id] = all
	}
}

// answer answers every question that can be, and tells whether there was one. In a shut-down and before the
// start there is none: what the start will cause counts too.
func (m *Machine) answer() (answered bool) {
	if m.ending.begun || !m.started {
		return false
	}
	var left []*barrier
	for _, b := range m.barriers {
		if a, final := m.verdict(b); final {
			m.do(a)
		} else {
			left = append(left, b)
		}
	}
	answered = len(left) < len(m.barriers)
	m.barriers = left
	return answered
}

// verdict looks at the nodes of a barrier, upstream first: all are done, or one has failed for good, or it is
// too early to say.
func (m *Machine) verdict(b *barrier) (a Awaited, final bool) {
	all := true
	for _, i := range m.order {
		n := m.nodes[i]
		switch {
		case b.done(n):
		case m.lost(b, n):
			return Awaited{ID: b.id, Node: i}, true
		default:
			all = false
		}
	}
	return Awaited{ID: b.id, OK: true, Node: -1}, all
}

// lost tells whether a node has failed, or is held back by a failure, and nothing that the barrier waits for can
// help it.
func (m *Machine) lost(b *barrier, n *node) bool {
	return !n.leftOut() && m.failedWith(n, b.until(n.id)) && !m.mayStartAgain(b, n)
}

// done tells whether a node has done what the barrier waits for. A node that is left out is done once it has
// ended: until then it may still serve. Nobody knows what there is to do for a node with
// files on a file system that does not respond.
func (b *barrier) done(n *node) bool {
	switch {
	case !b.nodes.has(n.id):
		return true
	case n.leftOut():
		return !n.alive()
	case n.hangs != "":
		return false
	}
	return !openBy(n.openSince(), b.until(n.id))
}

// leftOut tells whether the node was stopped by hand, or starts only by hand.
func (n *node) leftOut() bool {
	return n.off || n.gone || n.p != nil && !n.p.wanted
}

// openSince is the oldest step that the node is not done with.
func (n *node) openSince() uint64 {
	if n.w != nil {
		return older(older(n.pending.since, n.w.takenSince), n.w.touchSince)
	}
	return older(older(n.pending.since, n.p.takenSince), n.p.dueSince)
}

// failedWith tells whether the node has failed with everything open from that step or before, or is held back
// by a failure. A later change may still fix it; that is another question.
func (m *Machine) failedWith(n *node, step uint64) bool {
	held := m.stuck(n.hold) || n.hold.Kind == Paused
	if openBy(n.pending.since, step) || n.p != nil && openBy(n.p.dueSince, step) {
		return held
	}
	if w := n.w; w != nil {
		if !openBy(w.takenSince, step) {
			return false // it only waits until its triggers have been touched
		}
		if w.phase == idle && n.pending.dirty && held {
			return true // a later change keeps it from publishing what has passed
		}
		running := w.phase != idle && openBy(w.took.since, step)
		return w.outcome == outFailed && !running
	}
	return n.p.down(held)
}

// down tells whether a process with something open will not come up with it by itself. One that crashed and
// restarts later still counts as down.
func (p *process) down(stuck bool) bool {
	switch {
	case p.parked && !p.live():
		return stuck
	case p.side != nil && p.side.newer:
		return false
	case p.dropped != nil:
		return true
	}
	switch p.phase {
	case procUnready, procBackoff, procGaveUp:
		return true
	case procEnded:
		return !p.succeeded()
	case procUnbuilt, procIdle: // also one that a later change has stopped
		return stuck
	}
	return false
}

// mayStartAgain tells whether something at work for the barrier may still cause another start of the node: a
// node upstream, or any watcher at work on what was saved after the start that failed, since it may write
// what the node watches.
func (m *Machine) mayStartAgain(b *barrier, n *node) bool {
	for _, u := range m.nodes {
		switch {
		case u == n || b.done(u):
		case n.up.has(u.id) && (u.w != nil || n.restartsWith(u.id)):
			return true
		case u.w != nil && u.worksOn(n.freshStartStep) && !u.leftOut() && !u.up.has(n.id) && !m.failedWith(u, b.until(u.id)):
			return true
		}
	}
	return false
}

// worksOn tells whether a watcher runs, or has to run, for what changed after that step.
func (n *node) worksOn(since uint64) bool {
	return n.pending.dirty && n.pending.last > since || n.w.phase != idle && n.w.took.last > since
}

func (n *node) restartsWith(id int) bool {
	return slices.ContainsFunc(n.cfg.Needs, func(need Need) bool { return need.Node == id && need.Restart })
}

// holdAwaited keeps a change from replacing a generation that an earlier question waits for: otherwise a
// steady stream of saves would keep every generation from being up for long enough. It does so only for a
// time: people want to see the change.
func (m *Machine) holdAwaited(n *node) Hold {
	p := n.p
	if until, ok := p.comingUp(); ok && !n.pending.hand && until.After(m.now) {
		for _, b := range m.barriers {
			if step := b.until(n.id); b.nodes.has(n.id) && openBy(p.takenSince, step) && !openBy(n.pending.since, step) {
				return Hold{Kind: DownstreamStarting, Node: n.id, Until: until}
			}
		}
	}
	return Hold{Node: -1}
}

// comingUp tells whether a generation of the process is about to be up, and until when a change waits for
// that at most.
func (p *process) comingUp() (until time.Time, ok bool) {
	switch {
	case p.candidate() != nil:
		return p.side.startedAt.Add(startCap), true
	case p.phase == procStarting:
		return p.startedAt.Add(startCap), true
	case p.phase == procReady && !p.upAt.IsZero():
		return p.upAt, true
	}
	return time.Time{}, false
}
