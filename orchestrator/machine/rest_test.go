package machine

import (
	"fmt"

	"devloop/schema"
)

// rest checks what must hold once nothing moves any more: whatever changed has
// been acted on, or there is a reason, and the reason is true.
func (mon *monitor) rest() error {
	for i, n := range mon.nodes {
		st := mon.status[i]
		if st.Busy && !mon.waitsForSuccess(i) {
			return fmt.Errorf("%s is busy (%s, %q), though nothing moves", n.name, st.State, st.Hold.Kind)
		}
		if n.off {
			if n.live || n.active {
				return fmt.Errorf("%s was stopped by hand, and is alive", n.name)
			}
			continue
		}
		var err error
		switch {
		case n.active:
			err = fmt.Errorf("a run of %s has not ended", n.name)
		case len(n.causes) > 0:
			err = mon.held(i)
		case n.p != nil && !n.live:
			err = mon.down(i)
		}
		if err != nil {
			return err
		}
	}
	if err := mon.current(); err != nil {
		return err
	}
	return mon.fresh()
}

// waitsForSuccess tells whether the node, or one upstream, waits for the end
// of a process that still runs: that is a wait at rest.
func (mon *monitor) waitsForSuccess(node int) bool {
	for i := range mon.nodes {
		if i != node && !mon.nodes[node].up.has(i) {
			continue
		}
		for _, need := range mon.cfg.Nodes[i].Needs {
			if need.Condition == schema.Succeeded && mon.nodes[need.Node].live {
				return true
			}
		}
	}
	return false
}

// held checks the reason why a node does not act on a change.
func (mon *monitor) held(node int) error {
	n, hold := mon.nodes[node], mon.status[node].Hold
	switch hold.Kind {
	case Paused:
		if !mon.paused {
			return fmt.Errorf("%s does not act, though watching goes on", n.name)
		}
		return nil
	case Unmet:
		if mon.needsMet(node) == nil {
			return fmt.Errorf("%s waits for its dependency %s, but nothing is missing", n.name, mon.nodes[hold.Node].name)
		}
		return nil
	case UpstreamFailed:
		if !mon.status[hold.Node].Failed {
			return fmt.Errorf("%s is held by %s, which has not failed", n.name, mon.nodes[hold.Node].name)
		}
		for _, root := range n.causes {
			if n.p != nil && n.p.WaitChecking && !n.live {
				break // it stays down until the checks have passed
			}
			if !mon.touchesUpstream(n, root) {
				return fmt.Errorf("%s is held by %s, but a change touched only %s", n.name, mon.nodes[hold.Node].name, n.name)
			}
		}
		return nil
	case UpstreamBusy:
		if mon.waitsForSuccess(hold.Node) {
			return nil
		}
	}
	return fmt.Errorf("%s has not acted on a change (%s, %q)", n.name, mon.status[node].State, hold.Kind)
}

func (mon *monitor) touchesUpstream(n *facts, root int) bool {
	for i := range mon.nodes {
		if n.up.has(i) && mon.spread[root].has(i) {
			return true
		}
	}
	return false
}

// down checks that a process that is not running has a reason.
func (mon *monitor) down(node int) error {
	n, st := mon.nodes[node], mon.status[node]
	switch {
	case n.ended && !again(n.p, n.end) && st.State == "ended":
		return nil
	case n.ended && st.State == "gave up" && n.p.Backoff.GiveUp > 0:
		return nil
	case n.ended && st.Hold.Kind == Unmet && mon.needsMet(node) != nil:
		return nil
	case n.p.WaitChecking && st.Hold.Kind == UpstreamFailed && mon.status[st.Hold.Node].Failed:
		return nil
	case n.p.WaitChecking && st.Hold.Kind == Unmet && mon.needsMet(node) != nil:
		return nil
	case n.ended && !n.end.OK() && st.State == "not built" && !mon.built(n):
		return nil
	}
	return fmt.Errorf("%s is down (%s, %q) without a reason", n.name, st.State, st.Hold.Kind)
}

// built tells whether every watcher upstream has passed at least once.
func (mon *monitor) built(n *facts) bool {
	for i, u := range mon.nodes {
		if n.up.has(i) && u.w != nil && !u.passed {
			return false
		}
	}
	return true
}

// fresh checks that no node was left with what upstream had made before the
// last change: where one change touched both, the node has started after
// upstream passed with it.
func (mon *monitor) fresh() error {
	for d, n := range mon.nodes {
		if n.off || len(n.causes) > 0 || n.p != nil && !n.live {
			continue
		}
		for u, up := range mon.nodes {
			if !n.ins.has(u) || up.w == nil {
				continue
			}
			for root, passed := range up.passSeq {
				if mon.reach[root].has(d) && n.startSeq < passed {
					return fmt.Errorf("a change touched %s and %s, but %s has not started since %s passed with it",
						up.name, n.name, n.name, up.name)
				}
			}
		}
	}
	return nil
}
