package machine

import (
	"slices"
	"time"

	"devloop/schema"
)

// Hold is why a node that has something to do is waiting.
type Hold struct {
	Kind  HoldKind
	Node  int       // the node it waits for; -1 if there is none
	Until time.Time // when it ends by itself, if it does
	Place string    // of a NoAnswer: where
}

// HoldKind names a reason to wait.
type HoldKind string

const (
	NotHeld        HoldKind = ""
	Settling       HoldKind = "settling"        // the burst is not over
	SlowedDown     HoldKind = "slowed"          // it seems to wake itself, see feedback.go
	UpstreamBusy   HoldKind = "upstream busy"   // Node is working on it
	UpstreamFailed HoldKind = "upstream failed" // the same change failed in Node
	Unmet          HoldKind = "dependency"      // depends_on Node is not met
	NoSlot         HoldKind = "jobs"            // as many stages as allowed are running
	BackingOff     HoldKind = "backing off"     // it crashed
	NotBuilt       HoldKind = "not built"       // it waits for the first pass of Node
	NoAnswer       HoldKind = "no answer"       // the file system at Place does not respond
	Paused         HoldKind = "paused"          // watching is paused

	// DownstreamStarting: Node, or the process itself, starts with what was there
	// before, see downstream.go and holdAwaited.
	DownstreamStarting HoldKind = "downstream starting"
)

// evaluate looks at every node, upstream first: what holds it, and what that means for the nodes downstream.
func (m *Machine) evaluate() {
	for _, i := range m.order {
		n := m.nodes[i]
		if n.w != nil {
			m.evaluateWatcher(n)
		} else {
			m.evaluateProcess(n)
		}
	}
}

func (m *Machine) evaluateWatcher(n *node) {
	n.hold, n.busy = Hold{Node: -1}, false
	n.failed = n.w.outcome == outFailed && n.w.phase == idle // a watcher that runs again is not stuck
	switch {
	case n.w.phase != idle:
		n.busy = true
		if n.w.phase == running && slices.ContainsFunc(n.w.stages, func(s stage) bool { return s.state == stagePending && !m.free(s.cfg) }) {
			n.hold.Kind = NoSlot
		}
	case n.pending.dirty && !n.off:
		hold := m.holdChange(n)
		if hold.Kind == NotHeld && !n.pending.hand {
			hold = m.holdDownstream(n)
		}
		m.waits(n, hold)
	}
}

// waits records what holds a node that has nothing else to do.
func (m *Machine) waits(n *node, hold Hold) {
	if n.hold = hold; hold.Kind != Paused { // a failure is one until the node runs again
		n.failed = m.rests(hold)
		n.busy = !n.failed
	}
}

// pauses tells whether the node's change waits until watching goes on: one of its files has changed, and nobody
// has asked for more by hand. To those downstream it is as if nothing had changed.
func (m *Machine) pauses(n *node) bool { return m.paused && n.pending.own && !n.pending.hand }

// rests tells whether a node that is held so counts as failed, and not as busy, for those
// downstream. A file system may respond again by itself, so that is not stuck: who waits
// for the node goes on waiting.
func (m *Machine) rests(h Hold) bool { return m.stuck(h) || h.Kind == NoAnswer }

// noAnswer is the hold of a node with files on a file system that does not respond.
func (n *node) noAnswer() Hold { return Hold{Kind: NoAnswer, Node: -1, Place: n.hangs} }

func (m *Machine) evaluateProcess(n *node) {
	p := n.p
	n.hold, n.busy, n.failed = Hold{Node: -1}, false, false
	if !p.wanted {
		n.busy = p.phase == procStopping || p.side != nil
		return
	}
	if p.parked && !p.live() {
		m.waits(n, m.holdParked(n))
		return
	}
	n.failed = p.dropped != nil
	switch p.phase {
	case procStarting, procStopping:
		n.busy = true
	case procUnready, procGaveUp:
		n.failed = true
	case procEnded:
		n.failed = !p.succeeded()
	case procBackoff:
		hold := Hold{Kind: BackingOff, Node: -1, Until: p.backoffUntil}
		if !p.backoffUntil.After(m.now) {
			hold = m.holdNeeds(n)
		}
		m.waits(n, hold)
	case procUnbuilt:
		hold := m.holdNeeds(n)
		if missing := m.neverPassed(n); missing >= 0 {
			hold = Hold{Kind: NotBuilt, Node: missing}
		}
		m.waits(n, hold)
	}
	switch {
	case p.due != "" && !p.live():
		m.waits(n, m.holdDue(n))
	case n.pending.dirty && p.phase != procStopping:
		if n.hold = m.holdChange(n); n.hold.Kind == NotHeld {
			n.hold = m.holdAwaited(n)
		}
		rests := m.rests(n.hold)
		n.busy, n.failed = n.busy || !rests && n.hold.Kind != Paused, n.failed || rests
	}
	n.busy = n.busy || p.side != nil
}

// stuck tells whether a hold ends only when a person fixes something: the waiting node then counts as failed,
// not busy, so that it does not block other nodes' own changes.
func (m *Machine) stuck(h Hold) bool {
	switch h.Kind {
	case UpstreamFailed:
		return true
	case NotBuilt:
		return !m.nodes[h.Node].busy
	case Unmet:
		d := m.nodes[h.Node]
		return !d.busy && (d.failed || d.p == nil || !d.p.live())
	}
	return false
}

// holdChange is what keeps a change from being acted on.
func (m *Machine) holdChange(n *node) Hold {
	d := &n.pending
	if !d.settled() {
		return Hold{Kind: Settling, Node: -1, Until: d.until}
	}
	if d.hand {
		return Hold{Node: -1}
	}
	if m.pauses(n) {
		return Hold{Kind: Paused, Node: -1}
	}
	if n.hangs != "" {
		return n.noAnswer()
	}
	if n.feedback.holds(m.now, d) {
		return Hold{Kind: SlowedDown, Node: -1, Until: n.feedback.until}
	}
	if d.urgent {
		return m.holdNeeds(n)
	}
	if hold := m.holdUpstream(n); hold.Kind == UpstreamBusy {
		return hold
	}
	if u, blocked := m.blocked(n); blocked && (!d.own || !n.downAfterFailure()) {
		return Hold{Kind: UpstreamFailed, Node: u}
	}
	return m.holdNeeds(n)
}

// holdDue is what keeps a due process from starting.
func (m *Machine) holdDue(n *node) Hold {
	switch {
	case n.p.due != ByHand, n.p.turn == onceMet, n.pending.urgent && n.p.turn != atOnce:
		return m.holdNeeds(n)
	case n.p.turn == onceSettled:
		return m.holdUpstream(n)
	}
	return Hold{Node: -1}
}

// holdUpstream holds a node while anything upstream is busy, and then until its needs are met.
func (m *Machine) holdUpstream(n *node) Hold {
	if u := m.upstream(n, func(u *node) bool { return u.busy }); u >= 0 {
		return Hold{Kind: UpstreamBusy, Node: u}
	}
	return m.holdNeeds(n)
}

// upstream is the first node upstream of n of which something is true; -1 if there is none.
func (m *Machine) upstream(n *node, is func(*node) bool) int {
	for _, i := range m.order {
		if n.up.has(i) && is(m.nodes[i]) {
			return i
		}
	}
	return -1
}

// downAfterFailure tells whether a process is down because it failed. Then there is nothing that a failed
// check upstream could protect, and its own change may fix it.
func (n *node) downAfterFailure() bool {
	if n.p == nil || n.cfg.Process.WaitChecking || n.p.live() {
		return false
	}
	switch n.p.phase {
	case procUnbuilt, procGaveUp:
		return true
	case procEnded:
		return !n.p.succeeded()
	}
	return false
}

// blocked tells whether everything that made the node dirty also went to an upstream node that failed with
// it, and names that node.
func (m *Machine) blocked(n *node) (by int, blocked bool) {
	for _, cohort := range n.pending.causes {
		if by = m.upstream(n, func(u *node) bool { return u.failed && cohort.has(u.id) }); by < 0 {
			return -1, false
		}
	}
	return by, len(n.pending.causes) > 0
}

func (m *Machine) holdNeeds(n *node) Hold {
	for _, need := range n.cfg.Needs {
		if !m.meets(need) {
			return Hold{Kind: Unmet, Node: need.Node}
		}
	}
	return Hold{Node: -1}
}

// unmet is a dependency that a node waits for, as last reported.
type unmet struct {
	waits bool
	need  Need
	stuck bool // it cannot be met without help
}

// reportUnmet reports once that the node waits for a dependency, and once more if that cannot be met by
// itself any more. A dependency that is met with the next event is not reported.
func (m *Machine) reportUnmet(n *node) {
	if n.hold.Kind != Unmet {
		n.unmetReported = unmet{}
		return
	}
	for _, need := range n.cfg.Needs {
		if m.meets(need) {
			continue
		}
		now := unmet{true, need, m.stuck(n.hold)}
		d := m.nodes[need.Node]
		soon := need.Condition == schema.Started || need.Condition == schema.IsReady && !d.cfg.Process.Probed
		if now == n.unmetReported || soon && !now.stuck || now.stuck && m.cfg.Once {
			return
		}
		n.unmetReported = now
		r := Report{Kind: Waits, By: m.name(need.Node), Need: need.Condition}
		if now.stuck {
			r.Kind = Blocked
		}
		m.report(n, r)
		return
	}
}
