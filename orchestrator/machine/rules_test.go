package machine

import (
	"fmt"
	"slices"

	"devloop/schema"
)

// mayStart checks a decision to start or replace a node: somebody wants it,
// and where a change does, nothing upstream is busy and something of what
// changed has not failed upstream.
func (mon *monitor) mayStart(node int, why Why, needs bool) error {
	n := mon.nodes[node]
	switch {
	case mon.ending:
		return fmt.Errorf("%s acts after the shut-down", n.name)
	case n.w != nil && n.off:
		return fmt.Errorf("%s runs, but was stopped by hand", n.name)
	case len(n.causes) == 0 && !n.again:
		return fmt.Errorf("%s acts (%s), but nobody asked for it", n.name, why)
	case n.hand:
		return nil
	}
	if needs {
		if err := mon.needsMet(node); err != nil {
			return err
		}
	}
	if n.urgent {
		return nil
	}
	for i, u := range mon.nodes {
		if n.up.has(i) && mon.busy(i) {
			return fmt.Errorf("%s acts (%s) while %s is busy upstream", n.name, why, u.name)
		}
	}
	for _, root := range n.causes {
		if !mon.failedUpstream(n, root) {
			return nil
		}
	}
	if n.again || n.own && n.p != nil && !n.p.WaitChecking && n.ended && !n.live {
		return nil // it is down, and its own change may mend it
	}
	return fmt.Errorf("%s acts (%s), but all that it acts on has failed upstream", n.name, why)
}

// mayOverwrite checks that a run does not begin while a process downstream
// starts with what the last one made, if that version counts: it was let
// through, or somebody waits for it.
func (mon *monitor) mayOverwrite(node int, why Why) error {
	for i, n := range mon.nodes {
		starting := n.live && !n.stopping && !n.ready && !n.unready
		if n.beside != nil {
			starting = n.beside.new && !n.beside.stopping
		}
		if !starting || !n.up.has(node) || why == ByHand || n.p.WaitChecking || !mon.built(n) || mon.now.Sub(n.startedAt) >= startCap {
			continue
		}
		awaited := false
		for _, q := range mon.barriers {
			awaited = awaited || q.nodes.has(i) && slices.ContainsFunc(n.taken, func(root int) bool { return mon.steps[root] <= q.step })
		}
		if n.tookHanded || awaited {
			return fmt.Errorf("%s runs while %s starts with what it made before", mon.nodes[node].name, n.name)
		}
	}
	return nil
}

func (mon *monitor) failedUpstream(n *facts, root int) bool {
	for i, u := range mon.nodes {
		if n.up.has(i) && u.failed && u.failRoots[root] {
			return true
		}
	}
	return false
}

func (mon *monitor) busy(node int) bool {
	n := mon.nodes[node]
	if n.w != nil {
		return n.active || len(n.causes) > 0 && !n.off && mon.status[node].Busy
	}
	if n.beside != nil {
		return true
	}
	if n.live {
		return n.stopping || !n.ready && !n.unready
	}
	return !n.off && (len(n.causes) > 0 || n.crashed) && mon.status[node].Busy
}

func (mon *monitor) needsMet(node int) error {
	n := mon.nodes[node]
	if n.hand {
		return nil
	}
	for _, need := range mon.cfg.Nodes[node].Needs {
		if !mon.meets(need) {
			return fmt.Errorf("%s starts, but %s is not %s", n.name, mon.nodes[need.Node].name, need.Condition)
		}
	}
	return nil
}

func (mon *monitor) meets(need Need) bool {
	d := mon.nodes[need.Node]
	switch need.Condition {
	case schema.Passed:
		return d.passed || !d.asked
	case schema.Started:
		return d.live && d.pid || d.ended && (mon.cfg.Once || !again(d.p, d.end))
	case schema.IsReady:
		return d.live && d.ready && !d.stopping
	}
	return d.ended && d.end.OK()
}

// again tells whether a process that ended so is to be started again.
func again(p *Process, end End) bool {
	return p.Restart == schema.RestartAlways || p.Restart == schema.RestartOnFailure && !end.OK()
}
