package machine

import (
	"fmt"
	"slices"
	"time"
)

// action checks what the machine does.
func (mon *monitor) action(a Action) error {
	switch a := a.(type) {
	case Report:
		return mon.report(a)
	case StartStage:
		n := mon.nodes[a.Node]
		switch {
		case mon.ending:
			return fmt.Errorf("a stage of %s starts after the shut-down", n.name)
		case !n.active || n.run != a.Run:
			return fmt.Errorf("a stage of %s starts outside a run", n.name)
		case n.alive(a.Stage):
			return fmt.Errorf("stage %d of %s starts twice", a.Stage, n.name)
		}
		n.ran, n.unhanded = true, true
		return mon.stageStarted(n, a)
	case StopStage:
		if n := mon.nodes[a.Node]; n.run != a.Run || !n.alive(a.Stage) {
			return fmt.Errorf("stage %d of %s is stopped, but does not run", a.Stage, n.name)
		}
	case KillStage:
		if n := mon.nodes[a.Node]; n.run != a.Run || !n.alive(a.Stage) {
			return fmt.Errorf("stage %d of %s is killed, but does not run", a.Stage, n.name)
		}
	case Touch:
		mon.touching++
		mon.touch(a.Node)
	case StartProcess:
		return mon.startProcess(a)
	case StopProcess:
		n := mon.nodes[a.Node]
		switch b := n.beside; {
		case b != nil && b.gen == a.Gen && !b.stopping:
			b.stopping = true
			if !b.new && !n.ready && !mon.ending && !n.off {
				return fmt.Errorf("%s@%d is stopped before the new one is ready", n.name, a.Gen)
			}
		case !n.live || n.gen != a.Gen || n.stopping:
			return fmt.Errorf("%s@%d is stopped, but does not run", n.name, a.Gen)
		default:
			n.stopping, n.ready, n.unready = true, false, false
		}
		if !mon.ending {
			return nil // checked where it was reported, with its reason
		}
		for i, d := range mon.nodes {
			if d.up.has(a.Node) && (d.live || d.beside != nil || len(d.stages) > 0) && !mon.hard {
				return fmt.Errorf("%s is shut down before %s, which depends on it", n.name, mon.nodes[i].name)
			}
		}
	case KillProcess:
		n := mon.nodes[a.Node]
		switch b := n.beside; {
		case b != nil && b.gen == a.Gen:
			b.stopping = true
		case !n.live || n.gen != a.Gen:
			return fmt.Errorf("%s@%d is killed, but does not run", n.name, a.Gen)
		default:
			n.stopping, n.ready, n.unready = true, false, false
		}
	case ServeProcess:
		if n := mon.nodes[a.Node]; !n.live || n.gen != a.Gen || !n.ready {
			return fmt.Errorf("%s@%d serves, but is not ready", n.name, a.Gen)
		}
	case Awaited:
		return mon.awaited(a)
	case ReloadProcess:
		n := mon.nodes[a.Node]
		if !n.live || n.gen != a.Gen || !n.ready {
			return fmt.Errorf("%s@%d is reloaded, but is not ready", n.name, a.Gen)
		}
	case Exit:
		mon.exits++
		mon.code = a.Code
		for _, n := range mon.nodes {
			if n.live || n.beside != nil || len(n.stages) > 0 {
				return fmt.Errorf("the loop ends while %s is alive", n.name)
			}
		}
	}
	if mon.exits > 1 {
		return fmt.Errorf("the loop ends twice")
	}
	return nil
}

// touch hands what a run was for on to those who read its trigger.
func (mon *monitor) touch(node int) {
	n := mon.nodes[node]
	var all nodeset // for the readers it is one cause
	for _, root := range n.taken {
		all.union(mon.spread[root])
	}
	for _, root := range n.taken {
		mon.spread[root].union(all)
	}
	for _, r := range mon.cfg.Nodes[node].Readers {
		for root := range mon.spread {
			if mon.spread[root].has(node) {
				mon.spread[root].add(r.Node)
			}
		}
		d := mon.nodes[r.Node]
		if d.p != nil && d.off {
			continue
		}
		mon.cause(d, n.taken...)
		d.newest = max(d.newest, mon.newestOf(n))
		for _, q := range mon.barriers {
			if len(n.withheld) > 0 {
				q.extend(mon, q.may, r.Node) // it is taken to be as old as the runs before
			}
		}
		for _, root := range n.taken {
			mon.reach[root].add(r.Node)
		}
		through := len(n.causes) > 0 || n.tookStale
		d.urgent, d.stale = d.urgent || through, d.stale || through
		d.handed = d.handed || len(n.causes) > 0 || n.tookHanded
	}
	n.withheld, n.unhanded = nil, false
}

// mayGoOn lets those go on who depend on a run that has passed but is not the
// last one: it may have been let through, and with it what earlier runs kept.
func (mon *monitor) mayGoOn(node int) {
	for i := range mon.nodes {
		for _, need := range mon.cfg.Nodes[i].Needs {
			if d := mon.nodes[i]; need.Node == node && (len(d.causes) > 0 || d.again) {
				d.urgent, d.stale = true, true
			}
		}
	}
}

func (mon *monitor) report(r Report) error {
	n := mon.nodes[r.ID]
	switch r.Kind {
	case RunStarted:
		if n.active {
			return fmt.Errorf("%s starts a run during another", n.name)
		}
		if err := mon.mayStart(r.ID, r.Why, true); err != nil {
			return err
		}
		if err := mon.mayOverwrite(r.ID, r.Why); err != nil {
			return err
		}
		mon.take(n)
		passesOn := r.Relay && (r.Why != ByStart || len(r.Paths) > 0)
		n.active, n.ran, n.run, n.asked, n.back = true, passesOn, r.Num, true, false
		n.unhanded = n.unhanded || passesOn
		n.begun = mon.seq
	case RunCancelled:
		n.causes = append(slices.Clone(n.taken), n.causes...)
		n.own, n.newest = n.own || n.tookOwn, max(n.newest, n.tookNewest)
		n.fresh = n.fresh || n.tookFresh
		if n.gone {
			n.causes, n.fresh = nil, false
		}
		n.cancelling = len(n.stages) > 0
		n.active = n.cancelling
	case RunPassed:
		n.active, n.passed, n.failed = false, true, false
		clear(n.failRoots)
		if r.Quiet {
			if err := mon.quiet(r.ID); err != nil {
				return err
			}
			n.ran, n.kept, n.unhanded = false, false, false
		} else {
			mon.overtaken(r.ID)
		}
		n.kept = r.Stale && (n.ran || n.kept)
		if n.withheld = append(n.withheld, n.owed...); !n.unhanded || !n.w.Triggers {
			n.withheld = nil
		}
		n.owed = nil
		if n.kept {
			mon.mayGoOn(r.ID)
		}
	case RunFailed:
		n.active, n.failed = false, true
		for _, root := range n.taken {
			n.failRoots[root] = true
		}
		if mon.cfg.Once {
			mon.ending, mon.asked = true, 1
		}
	case Stopping:
		if mon.cfg.Once && r.Why == ByShutdown && !mon.ending {
			mon.ending, mon.asked = true, mon.verdict()
		}
		switch {
		case mon.ending || n.off && r.Why == ByHand || n.gone && r.Why == ByConfig:
			return nil
		case r.Why == ByUpdate && n.beside != nil && n.beside.gen == r.Num && !n.beside.new:
			return nil
		case r.Why == ByChecking && n.p.WaitChecking && slices.ContainsFunc(mon.status, func(st NodeStatus) bool { return st.Name == r.By && st.Busy }):
			return nil
		case n.off:
			return fmt.Errorf("%s is stopped by %s, but was stopped by hand", n.name, r.Why)
		}
		err := mon.mayStart(r.ID, r.Why, r.Why != ByHand)
		if b := n.beside; b != nil && b.new && b.gen == r.Num {
			n.causes = append(slices.Clone(n.taken), n.causes...) // what it was for is not done
			n.own, n.newest = n.own || n.tookOwn, max(n.newest, n.tookNewest)
			n.hand, n.inTurn = n.hand || n.tookHand, n.inTurn || n.tookTurn
		}
		return err
	case Reloading:
		err := mon.mayStart(r.ID, r.Why, true)
		dropped := n.rise.dropped
		mon.take(n)
		n.rise.dropped, n.rise.reloadedAt = dropped, mon.now
		return err
	case Unready:
		n.unready = true
	case Dropped:
		n.rise.dropped = true
	case Starting:
		n.why = r.Why
	}
	return nil
}

// overtaken notes who has started without waiting for this pass: they may start
// again, and must where the run made something of a cause that had reached them.
func (mon *monitor) overtaken(node int) {
	by := mon.nodes[node]
	for d, n := range mon.nodes {
		if !n.ins.has(node) || n.startSeq < by.owedSince || n.p != nil && n.off {
			continue
		}
		n.again, n.againSeq = true, mon.seq
		for _, q := range mon.barriers {
			q.extend(mon, q.may, d) // it is taken to be as old as the run
		}
		for _, root := range by.owed {
			if by.ran && mon.reach[root].has(d) {
				mon.cause(n, root)
				n.newest = max(n.newest, mon.newestOf(by))
			}
		}
	}
	if by.ran {
		for _, root := range by.owed {
			by.passSeq[root] = mon.seq
		}
	}
}

// newestOf is the last step of what a run was for.
func (mon *monitor) newestOf(n *facts) int {
	newest := n.tookNewest
	for _, root := range n.taken {
		newest = max(newest, mon.steps[root])
	}
	return newest
}

// take notes that a node starts, and what for.
func (mon *monitor) take(n *facts) {
	if len(n.owed) == 0 {
		n.owedSince = n.since
	}
	n.owed = append(n.owed, n.causes...)
	n.taken, n.causes = n.causes, nil
	n.tookStale, n.stale = n.stale, false
	n.tookOwn, n.own = n.own, false
	n.tookNewest, n.newest = n.newest, 0
	n.tookHanded, n.handed = n.handed, false
	n.tookHand, n.tookTurn = n.hand, n.inTurn
	again := n.again
	n.hand, n.inTurn, n.urgent, n.again, n.crashed = false, false, false, false, false
	n.startSeq, n.startedAt = mon.seq, mon.now
	mon.takesIn(n)
	if n.p != nil {
		for _, root := range n.taken {
			n.rise.owes = append(n.rise.owes, mon.steps[root])
		}
		if len(n.taken) == 0 && again {
			n.rise.owes = append(n.rise.owes, n.againSeq)
		}
		n.rise.dropped = false
	}
}

func (mon *monitor) startProcess(a StartProcess) error {
	n := mon.nodes[a.Node]
	switch {
	case mon.ending:
		return fmt.Errorf("%s starts after the shut-down", n.name)
	case n.live && !n.p.StartFirst:
		return fmt.Errorf("%s@%d starts while another generation lives", n.name, a.Gen)
	case n.live && (n.stopping || !n.ready && !n.unready):
		return fmt.Errorf("%s@%d starts beside one that never served", n.name, a.Gen)
	case n.live && n.beside != nil:
		return fmt.Errorf("%s@%d is the third generation", n.name, a.Gen)
	case n.off:
		return fmt.Errorf("%s starts, but nobody wants it", n.name)
	case a.Gen <= n.last:
		return fmt.Errorf("%s@%d starts after %d", n.name, a.Gen, n.gen)
	}
	again := n.gen > 0
	n.last = a.Gen
	err := mon.needsMet(a.Node)
	switch n.why {
	case ByHand:
		if !n.hand && !n.inTurn {
			err = fmt.Errorf("%s starts by hand, but nobody asked", n.name)
		}
	case ByStart:
		if n.gen > 0 && !n.back {
			err = fmt.Errorf("%s starts as if for the first time", n.name)
		}
	case ByCrash, ByPass:
		if !n.crashed {
			err = fmt.Errorf("%s starts by %s, but did not crash", n.name, n.why)
		}
	case ByChecked:
		if !n.p.WaitChecking {
			err = fmt.Errorf("%s starts by checks that it does not wait for", n.name)
		}
		for i, u := range mon.nodes {
			if n.up.has(i) && u.w != nil && (u.active || mon.status[i].Failed) {
				err = fmt.Errorf("%s starts, but the checks of %s have not passed", n.name, u.name)
			}
		}
	default:
		if !n.stopping || n.live { // else it was decided when it was stopped
			err = mon.mayStart(a.Node, n.why, true)
		}
	}
	if err != nil {
		return err
	}
	born := birth{at: mon.now, crash: n.why == ByCrash && len(n.causes) == 0}
	if !born.crash {
		n.begun = mon.seq
	}
	mon.take(n)
	n.back = false
	if n.live {
		n.beside = &second{gen: a.Gen, new: true, birth: born}
		n.rise.behind = true
		return nil
	}
	n.rise.birth, n.rise.readyAt, n.rise.reloadedAt, n.rise.behind = born, time.Time{}, time.Time{}, false
	n.gen, n.live, n.stopping, n.ended = a.Gen, true, false, false
	if !again {
		return nil
	}
	mon.restarted(a.Node)
	return nil
}

// restarted touches those who want to restart with a process.
func (mon *monitor) restarted(node int) {
	for i := range mon.nodes {
		for _, need := range mon.cfg.Nodes[i].Needs {
			if d := mon.nodes[i]; need.Node == node && need.Restart && d.live && !d.stopping && !d.off {
				root := mon.root(i)
				for _, step := range mon.nodes[node].rise.owes {
					mon.steps[root] = min(mon.steps[root], step)
				}
				mon.cause(d, root)
			}
		}
	}
}
