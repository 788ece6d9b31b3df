package machine

// The barrier: whoever asks whether a change is live is answered when all that
// any change before the question could cause is done, whatever comes after it.
//
// Every step has a number. A mark that makes a node dirty carries the number of
// the step that it comes from, its debt. What a run touches downstream, and what
// changes there while it runs, carries the debt of the run, not the moment of the
// touch or the change. A node has paid when a run, or a generation, that began
// with the mark has done its work. So a question asked at step C is answered when
// nobody owes anything from C or before, and what is owed from later does not
// matter.

// older is the older of two debts; 0 is none.
func older(a, b uint64) uint64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// barrier is one question that waits for its answer.
type barrier struct {
	id    int
	clock uint64
	nodes nodeset // those that it is about
	done  nodeset // those of them that have paid
}

// awaitPaid takes in a question. What the named nodes depend on counts with them.
func (m *Machine) awaitPaid(ev Await) {
	b := &barrier{id: ev.ID, clock: m.clock}
	for _, n := range m.nodes {
		if n.gone {
			continue
		}
		if len(ev.Nodes) == 0 {
			b.nodes.add(n.id)
		}
	}
	for _, i := range ev.Nodes {
		b.nodes.add(i)
		b.nodes.union(m.nodes[i].up)
	}
	m.barriers = append(m.barriers, b)
}

func (m *Machine) forget(ev Forget) {
	for i, b := range m.barriers {
		if b.id == ev.ID {
			m.barriers = append(m.barriers[:i:i], m.barriers[i+1:]...)
			return
		}
	}
}

// awaited tells whether somebody waits for what is owed since then.
func (m *Machine) awaited(debt uint64) bool {
	if debt == 0 {
		return false
	}
	for _, b := range m.barriers {
		if debt <= b.clock {
			return true
		}
	}
	return false
}

// answer answers whoever can be, and tells whether there was one. In a shut-down
// nobody is, and before the start nobody can be: what it will cause counts too.
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

// verdict looks at the nodes of a barrier, upstream first. One that has paid
// has done so for good once everything upstream of it has: nobody is left who
// could hand it more from before the question.
func (m *Machine) verdict(b *barrier) (a Awaited, final bool) {
	all := true
	for _, i := range m.order {
		n := m.nodes[i]
		if !b.nodes.has(i) || b.done.has(i) {
			continue
		}
		ahead := true
		for _, u := range n.cfg.Upstream {
			ahead = ahead && (!b.nodes.has(u) || b.done.has(u))
		}
		owed := n.owes()
		switch {
		case n.excused() && n.alive():
			all = false // what is on its way out may still answer
		case ahead && (owed == 0 || owed > b.clock || n.excused()):
			b.done.add(i)
		case !n.excused() && owed != 0 && owed <= b.clock && !n.busy && (n.failed || n.hold.Kind != NotHeld):
			return Awaited{ID: b.id, Node: i}, true
		default:
			all = false
		}
	}
	return Awaited{ID: b.id, OK: true, Node: -1}, all
}

// excused tells whether the node is left out: somebody has stopped it, or it is
// to be started only by hand.
func (n *node) excused() bool {
	return n.off || n.gone || n.p != nil && !n.p.wanted
}

// owes is the oldest debt of the node.
func (n *node) owes() uint64 {
	if n.w != nil {
		return older(n.dirt.debt, n.w.promised)
	}
	return older(older(n.dirt.debt, n.p.owed), n.p.dueDebt)
}
