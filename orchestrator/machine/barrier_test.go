package machine

import (
	"fmt"
	"slices"
	"time"
)

// What the monitor knows of those who ask whether a change is live. Its rules
// are those of docs/wait.md, in terms of what went in and what came out.

// question is a barrier: the step in which it was asked, and whom it is about.
type question struct {
	step  int
	nodes nodeset

	// A run that the question waits for may have written what changed later, in
	// those steps: it must wait for the first, and may wait for the second.
	must, may map[int]int
	each      map[int][]int // all of the second, of each node
}

func newQuestion(step int) *question {
	return &question{step: step, must: map[int]int{}, may: map[int]int{}, each: map[int][]int{}}
}

// birth is the start of a generation.
type birth struct {
	at    time.Time
	crash bool // because the one before it had crashed
}

// rise is what is known of how well a process has come up.
type rise struct {
	birth      // of the generation that serves, or is to
	readyAt    time.Time
	reloadedAt time.Time
	owes       []int         // the steps that its generations must show to be live: of changes, and of crashes
	lived      time.Duration // how long the one did that crashed last, if none has been up since
	dropped    bool          // the last new version was not taken
	behind     bool          // the one that serves is not of the last version
	early      bool          // it ended before it was ready
}

// ended takes in the end of the only generation of a process.
func (mon *monitor) ended(n *facts, end End) {
	if n.stopping || mon.ending {
		return
	}
	n.rise.early = n.p.Probed && !n.ready && !mon.oneShot(n)
	n.rise.owes = append(n.rise.owes, mon.seq)
	if end.OK() && !n.rise.early && (mon.oneShot(n) || n.p.Restart != "always") {
		n.rise.owes = nil
	} else {
		n.rise.lived = mon.now.Sub(n.rise.at)
	}
}

// oneShot tells whether somebody waits for the process to end well.
func (mon *monitor) oneShot(n *facts) bool {
	for _, other := range mon.cfg.Nodes {
		for _, need := range other.Needs {
			if mon.nodes[need.Node] == n && need.Condition == "succeeded" {
				return true
			}
		}
	}
	return false
}

// rises notes which processes have come up by now.
func (mon *monitor) rises() {
	for _, n := range mon.nodes {
		r := &n.rise
		if n.p == nil || !n.live || !n.ready || n.stopping {
			continue
		}
		age := mon.now.Sub(r.at)
		switch {
		case (r.crash || !n.p.Probed) && (age < min(r.lived+upAfter, stableAfter) || mon.now.Sub(r.readyAt) < upAfter):
			continue
		case !r.reloadedAt.IsZero() && mon.now.Sub(r.reloadedAt) < upAfter:
			continue
		}
		r.lived = 0
		if n.beside == nil && !r.behind && !mon.oneShot(n) {
			r.owes = nil
		}
	}
}

// written notes that what changes here now may come from the runs that go on.
func (mon *monitor) written(node int) {
	for _, q := range mon.barriers {
		for i, u := range mon.nodes {
			if i == node || u.w == nil || !u.active || !q.nodes.has(i) || !q.nodes.has(node) {
				continue
			}
			old := func(root int) bool { return mon.steps[root] <= q.step }
			if slices.ContainsFunc(u.owed, old) && !u.up.has(node) && q.may[i] == 0 {
				q.extend(mon, q.must, node)
			}
			q.extend(mon, q.may, node)
		}
	}
}

func (q *question) extend(mon *monitor, until map[int]int, node int) {
	for i, n := range mon.nodes {
		if i == node || n.up.has(node) {
			until[i] = mon.seq
			q.each[i] = append(q.each[i], mon.seq)
		}
	}
}

// open tells what a node still has to do for what is from that step or before,
// and whether it has failed with that, or is kept from it by a failure.
func (mon *monitor) open(node, step int) (owes, failed bool) {
	n, st := mon.nodes[node], mon.status[node]
	root := func(root int) bool { return mon.steps[root] <= step }
	old := func(s int) bool { return s <= step }
	kept := mon.kept(st.Hold)
	if slices.ContainsFunc(n.causes, root) {
		return true, kept
	}
	if n.w != nil {
		owes = (n.active || n.failed) && slices.ContainsFunc(n.owed, root) || slices.ContainsFunc(n.withheld, root)
		held := !n.active && len(n.causes) > 0 && kept
		return owes, owes && (held || n.failed && !(n.active && slices.ContainsFunc(n.taken, root)))
	}
	if !slices.ContainsFunc(n.rise.owes, old) {
		return false, false
	}
	switch {
	case n.beside != nil && n.beside.new:
		return true, false
	case !n.live && n.ended:
		return true, st.State != "not built" && st.State != "waiting" || kept
	case !n.live:
		return true, kept
	}
	return true, n.rise.dropped || n.unready
}

// kept tells whether a wait ends only when somebody mends what is upstream.
func (mon *monitor) kept(h Hold) bool {
	if h.Kind == Paused {
		return mon.paused
	}
	if h.Kind != UpstreamFailed && h.Kind != Unmet && h.Kind != NotBuilt {
		return false
	}
	up, st := mon.nodes[h.Node], mon.status[h.Node]
	return h.Kind == UpstreamFailed || !st.Busy && (st.Failed || up.w != nil || !up.live && up.beside == nil)
}

// left tells whether a node has nothing to do with the question any more.
func (n *facts) left() bool {
	return n.off && !n.live && n.beside == nil && len(n.stages) == 0
}

// owing tells who still has something to do for a question, and who has failed
// with that.
func (mon *monitor) owing(q *question, later map[int]int) (owes, failed nodeset) {
	for i, n := range mon.nodes {
		owing, bad := n.off && !n.left(), false
		if !n.off {
			owing, bad = mon.open(i, max(q.step, later[i]))
		}
		if owing && q.nodes.has(i) {
			owes.add(i)
		}
		if bad && q.nodes.has(i) {
			failed.add(i)
		}
	}
	return owes, failed
}

// worksOn tells whether a watcher has to act, or acts, on what was saved after a
// step.
func (mon *monitor) worksOn(n *facts, since int) bool {
	later := func(root int) bool { return mon.steps[root] > since }
	return slices.ContainsFunc(n.causes, later) || n.newest > since || n.active && mon.newestOf(n) > since
}

// lost names those who have failed, and whom nobody of hope can bring another
// start.
func (mon *monitor) lost(failed, hope nodeset) (lost []int) {
	for i, n := range mon.nodes {
		last := failed.has(i)
		for u, up := range mon.nodes {
			wakes := up.w != nil || slices.ContainsFunc(mon.cfg.Nodes[i].Needs, func(need Need) bool { return need.Node == u && need.Restart })
			writes := u != i && up.w != nil && !up.off && !up.up.has(i) && !failed.has(u) && mon.worksOn(up, n.begun)
			last = last && !(hope.has(u) && (n.up.has(u) && wakes || writes))
		}
		if last {
			lost = append(lost, i)
		}
	}
	return lost
}

// awaited checks the answer to a barrier: nobody still has anything to do for a
// cause from before it, and whatever is to run is up; or somebody has failed.
func (mon *monitor) awaited(a Awaited) error {
	q, known := mon.barriers[a.ID]
	if !known {
		return fmt.Errorf("the barrier %d is answered, but nobody asked", a.ID)
	}
	delete(mon.barriers, a.ID)
	mon.rises()
	must, failed := mon.owing(q, q.must)
	for _, step := range append(q.each[max(a.Node, 0)], q.step) {
		if _, bad := mon.open(max(a.Node, 0), step); bad {
			failed.add(max(a.Node, 0))
		}
	}
	switch {
	case a.OK && !must.equal(nil):
		return fmt.Errorf("the barrier %d is passed, but not all that was before it is live", a.ID)
	case !a.OK && !slices.Contains(mon.lost(failed, must), a.Node):
		return fmt.Errorf("the barrier %d fails by %s, which has not failed, or may have another start", a.ID, mon.nodes[a.Node].name)
	}
	return nil
}

// unanswered checks that nobody is kept waiting for an answer that is known.
func (mon *monitor) unanswered() error {
	if mon.ending || mon.exits > 0 || mon.touching > 0 { // a trigger may turn out not to be touched
		return nil
	}
	mon.rises()
	for id, q := range mon.barriers {
		may, mayFailed := mon.owing(q, q.may)
		_, mustFailed := mon.owing(q, q.must)
		switch lost := mon.lost(mustFailed.and(mayFailed), may); {
		case len(mon.steps) == 0: // it has not started
		case may.equal(nil):
			return fmt.Errorf("the barrier %d is not passed, though all that was before it is live", id)
		case len(lost) > 0:
			return fmt.Errorf("the barrier %d does not fail, though %s has", id, mon.nodes[lost[0]].name)
		}
	}
	return nil
}

// and leaves those that are in both.
func (s nodeset) and(t nodeset) (both nodeset) {
	for i := range min(len(s), len(t)) {
		both = append(both, s[i]&t[i])
	}
	return both
}
