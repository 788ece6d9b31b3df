package machine

import "time"

// startCap is how long a run waits for a generation downstream to be ready: by then it has read what the run
// may overwrite, or people want the next version.
const startCap = 5 * time.Second

// holdDownstream holds back the next run while a process downstream is starting a version that was let
// through or that a question waits for. Otherwise the run would start just when the process reads what has
// been built, and many tools write in place. Any other start is followed by another one after the next run.
func (m *Machine) holdDownstream(n *node) Hold {
	for _, i := range m.order {
		d := m.nodes[i]
		if d.p == nil || !d.up.has(n.id) {
			continue
		}
		if until, rests := m.atRest(d); !rests {
			return Hold{Kind: DownstreamStarting, Node: i, Until: until}
		}
	}
	return Hold{Node: -1}
}

// atRest tells whether no version of the process that counts is starting. If one is, it also says until when
// to wait for it at most; zero: its end comes with an event.
func (m *Machine) atRest(d *node) (until time.Time, rests bool) {
	p := d.p
	g := &p.generation
	if c := p.candidate(); c != nil {
		g = c
	}
	switch {
	case !p.wanted || p.parked || d.cfg.Process.WaitChecking || m.neverPassed(d) >= 0:
		return time.Time{}, true
	case d.pending.stale && m.holdChange(d).Kind == NotHeld:
		return time.Time{}, false // it acts in this very step, or once the last one is gone
	case p.due != "" && !p.running():
		return time.Time{}, p.turn == onceSettled || m.holdNeeds(d).Kind != NotHeld || !m.awaited(d, d.openSince())
	}
	until, comingUp := p.comingUp()
	starts := g != &p.generation || p.phase == procStarting
	counts := starts && g.took.stale || m.awaited(d, p.takenSince)
	return until, !comingUp || !until.After(m.now) || !counts
}
