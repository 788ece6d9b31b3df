package machine

import (
	"fmt"
	"maps"
	"slices"
)

// alive tells whether a stage runs.
func (n *facts) alive(stage int) bool { _, alive := n.stages[stage]; return alive }

// stageStarted notes a stage, and that what it makes is in pieces until it ends.
func (mon *monitor) stageStarted(n *facts, a StartStage) error {
	remote := slices.Concat(n.runs.Groups...)[a.Stage].Remote
	n.stages[a.Stage] = remote
	n.makes[a.Stage] = fmt.Sprintf("begun in step %d", mon.seq)
	if a.Fresh != n.tookFresh {
		return fmt.Errorf("a stage of %s is to run afresh (%v), but it was asked for by hand (%v)", n.name, a.Fresh, n.tookFresh)
	}
	if remote {
		mon.remote++
	} else {
		mon.stages++
	}
	if mon.stages > mon.cfg.Jobs || mon.remote > mon.cfg.RemoteJobs {
		return fmt.Errorf("%d stages run, %d may, and %d remote ones, %d may", mon.stages, mon.cfg.Jobs, mon.remote, mon.cfg.RemoteJobs)
	}
	return nil
}

// stageEnded notes what a stage leaves behind.
func (mon *monitor) stageEnded(n *facts, ev StageExited) {
	if n.stages[ev.Stage] {
		mon.remote--
	} else {
		mon.stages--
	}
	delete(n.stages, ev.Stage)
	n.executed = n.executed || !ev.Reuse.Hit
	n.makes[ev.Stage] = fmt.Sprintf("ended in step %d", mon.seq)
	if ev.End.OK() && ev.Reuse.Product != "" {
		n.makes[ev.Stage] = ev.Reuse.Product
	}
}

// takesIn notes what a node finds where it starts.
func (mon *monitor) takesIn(n *facts) {
	n.executed, n.runs = false, n.w
	n.fresh, n.tookFresh = false, n.fresh
	for u, up := range mon.nodes {
		if n.ins.has(u) && up.w != nil {
			n.saw[u] = maps.Clone(up.makes)
		}
	}
}

// quiet checks a run that has nothing to hand on: it ran nothing, and whoever takes in what it made, and is not to
// start again anyway, has just that.
func (mon *monitor) quiet(node int) error {
	n := mon.nodes[node]
	if n.executed {
		return fmt.Errorf("%s has run a stage, and hands nothing on", n.name)
	}
	for _, r := range mon.cfg.Nodes[node].Readers {
		d := mon.nodes[r.Node]
		if len(d.causes) == 0 && (d.live || d.w != nil && d.run > 0) && !d.off && !d.gone && !d.back && !maps.Equal(d.saw[node], n.makes) {
			return fmt.Errorf("%s hands nothing on, but %s has %v, and not %v", n.name, d.name, d.saw[node], n.makes)
		}
	}
	return nil
}

// current checks that those who read a trigger have what was made before it was last touched.
func (mon *monitor) current() error {
	for u, up := range mon.nodes {
		for _, r := range mon.cfg.Nodes[u].Readers {
			d := mon.nodes[r.Node]
			if !up.passed || up.failed || up.active || up.off || len(up.causes) > 0 || d.off || d.gone || len(d.causes) > 0 || d.p != nil && !d.live || d.w != nil && d.run == 0 {
				continue
			}
			if !maps.Equal(d.saw[u], up.makes) {
				return fmt.Errorf("%s has made %v, but %s has %v", up.name, up.makes, d.name, d.saw[u])
			}
		}
	}
	return nil
}
