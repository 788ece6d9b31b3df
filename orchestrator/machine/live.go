package machine

// Liveness says whether what was saved is live.
type Liveness string

const (
	Live     Liveness = "live"     // all of it: an Await would be answered with OK at once
	Failed   Liveness = "failed"   // an Await would be answered otherwise at once
	Building Liveness = "building" // an Await would wait for what goes on
	Behind   Liveness = "behind"   // an Await would wait, and nothing goes on: what was there before answers
)

// Live says whether what was saved is live, by what an Await for the named nodes, or for all if none is named, would be told
// that was asked after an Asked now. The result's nodes are those that have failed, else those that it would wait for, upstream
// first.
func (m *Machine) Live(named ...int) (state Liveness, nodes []int) {
	b := m.barrier(Await{Nodes: named})
	a, final := m.verdict(b)
	switch {
	case !m.started:
		return Building, nil
	case m.ending.begun:
		return Behind, nil
	case final && a.OK:
		return Live, nil
	case final:
		state = Failed
	default:
		state = Behind
	}
	for _, i := range m.order {
		n := m.nodes[i]
		switch {
		case b.done(n):
		case state != Failed:
			nodes = append(nodes, i)
			if n.works() {
				state = Building
			}
		case m.lost(b, n):
			nodes = append(nodes, i)
		}
	}
	return state, nodes
}

// works tells whether something goes on at a node that a question waits for.
func (n *node) works() bool {
	switch {
	case n.hangs != "" || n.hold.Kind == SlowedDown:
		return false
	case n.p != nil && n.p.live() && n.hold.Kind == NotHeld:
		return true // it has to be up, or to end
	}
	return n.busy
}
