package report

import (
	"slices"
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// mostListed is how many runs, and how many generations, a cycle lists: a
// steady stream of saves may keep one open for hours.
const mostListed = 200

// cycles follows what belongs together in time: see control.Cycle. It has to
// follow a graph before anything else.
type cycles struct {
	part map[string]int // for each node, a number that connected nodes share
	open map[int]*cycle // by part
	last int

	kept     [][]byte // those that have ended, as JSON, newest last
	crashing string   // the process of which the last one is a failed try
}

// cycle is an open one.
type cycle struct {
	control.Cycle
	seen map[string]bool // paths
}

// follow makes the cycles those of the graph. An open one goes on with the first of its nodes that is still there. Of
// several that are connected now, the oldest goes on, and the others are dropped.
func (cs *cycles) follow(g *graph.Graph) {
	part, open := cs.part, cs.open
	cs.part, cs.open = partition(g), map[int]*cycle{}
	for _, n := range g.Nodes {
		p, known := part[n.Name]
		c := open[p]
		if !known || c == nil {
			continue
		}
		if other := cs.of(n.Name); other == nil || c.ID < other.ID {
			cs.open[cs.part[n.Name]] = c
		}
		delete(open, p)
	}
}

// partition gives connected nodes a number that they share. One that is gone, and
// has left its name to another, goes with that.
func partition(g *graph.Graph) map[string]int {
	part := make([]int, len(g.Nodes))
	for i := range part {
		part[i] = i
	}
	root := func(i int) int {
		for part[i] != i {
			i = part[i]
		}
		return i
	}
	for _, e := range g.Edges {
		part[root(e.To)] = root(e.From)
	}
	named := map[string]int{}
	for i, n := range g.Nodes {
		if _, taken := named[n.Name]; !taken || !n.Gone {
			named[n.Name] = root(i)
		}
	}
	return named
}

// of is the open cycle of a node, nil if it has none.
func (cs *cycles) of(node string) *cycle { return cs.open[cs.part[node]] }

// begin opens a cycle for the node, unless one is open.
func (cs *cycles) begin(node, cause string, t int64) *cycle {
	if c := cs.of(node); c != nil {
		return c
	}
	cs.last++
	c := &cycle{Cycle: control.Cycle{ID: cs.last, Cause: cause, First: t, Result: "running"}, seen: map[string]bool{}}
	if cause != "change" {
		c.Settled = t
	}
	cs.open[cs.part[node]] = c
	return c
}

// rested closes the cycles of which no node moves, and returns those that have
// led to anything.
func (cs *cycles) rested(nodes []machine.NodeStatus, t int64) (ended []*control.Cycle) {
	moving, settling, failed := map[int]bool{}, map[int]bool{}, map[int]string{}
	for _, n := range nodes {
		part := cs.part[n.Name]
		// A process that waits to be started again is at rest until then.
		moving[part] = moving[part] || n.Busy && n.Hold.Kind != machine.BackingOff
		settling[part] = settling[part] || n.Hold.Kind == machine.Settling
		if failed[part] == "" && (n.Failed || n.Hold.Kind == machine.BackingOff) {
			failed[part] = n.Name
		}
	}
	for part, c := range cs.open {
		if c.Settled == 0 && !settling[part] {
			c.Settled = t
		}
		if moving[part] {
			continue
		}
		delete(cs.open, part)
		if len(c.Runs)+len(c.Processes) > 0 {
			c.End, c.Failed, c.Result = t, failed[part], "passed"
			if c.Failed != "" {
				c.Result = "failed"
			}
			ended = append(ended, &c.Cycle)
		}
	}
	slices.SortFunc(ended, func(a, b *control.Cycle) int { return a.ID - b.ID })
	return ended
}

func (c *cycle) changed(path string) {
	switch {
	case c.seen[path]:
	case len(c.Paths) < control.MostPaths:
		c.seen[path] = true
		c.Paths = append(c.Paths, path)
	default:
		c.MorePaths++ // a path may be counted more than once
	}
}

// note records a report and its event.
func (c *cycle) note(r *Report, e *control.Event) {
	switch r.Kind {
	case machine.RunStarted:
		if len(c.Runs) >= mostListed {
			c.More++
			return
		}
		c.Runs = append(c.Runs, control.CycleRun{Node: e.Node, Number: e.Number, Start: e.T, Stages: []control.CycleStage{}})
	case machine.RunPassed, machine.RunFailed, machine.RunCancelled:
		if run := c.run(e.Node, e.Number); run != nil {
			run.End, run.Result = e.T, strings.TrimPrefix(e.Kind, "run ")
		}
	default:
		if !r.Kind.OfStage() {
			c.process(r, e)
		} else if run := c.run(e.Node, e.Number); run != nil {
			stage(run, r, e)
		}
	}
}

func (c *cycle) run(node string, number int) *control.CycleRun {
	for i := len(c.Runs) - 1; i >= 0; i-- {
		if r := &c.Runs[i]; r.Node == node && r.Number == number {
			return r
		}
	}
	return nil
}

func (c *cycle) touched(node string, number int, t int64) {
	if run := c.run(node, number); run != nil {
		run.Trigger = t
	}
}

// stage records a step of a stage.
func stage(run *control.CycleRun, r *Report, e *control.Event) {
	result := strings.TrimPrefix(e.Kind, "stage ")
	switch r.Kind {
	case machine.StageStarted:
		run.Stages = append(run.Stages, control.CycleStage{Stage: e.Stage, Start: e.T})
	case machine.StageSkipped:
		run.Stages = append(run.Stages, control.CycleStage{Stage: e.Stage, Result: result})
	default:
		for i := range run.Stages {
			if s := &run.Stages[i]; s.Stage == e.Stage && s.Result == "" {
				s.End, s.Result, s.Problems, s.Reuse = e.T, result, len(r.Problems)+r.More, e.Reuse
				return
			}
		}
	}
}

// process records a step of a process. An entry is one change of generations, whichever comes first: the
// stop of the old or the start of the new.
func (c *cycle) process(r *Report, e *control.Event) {
	last := c.last(e.Node)
	switch r.Kind {
	case machine.Stopping:
		if last == nil || last.Stop > 0 || last.Start == 0 || last.Number == e.Number {
			last = c.entry(e)
		}
		last.Stop = e.T
	case machine.Stopped:
		if last != nil && last.Stop > 0 && last.Stopped == 0 {
			last.Stopped = e.T
			if last.Start == 0 {
				last.Result = "stopped"
			}
		}
	case machine.Starting:
		if last == nil || last.Start > 0 || last.Reload > 0 {
			last = c.entry(e)
		}
		last.Start, last.Number, last.Result = e.T, e.Number, "starting"
	case machine.Reloading:
		last = c.entry(e)
		last.Reload, last.Result = e.T, "reloaded"
	case machine.Ready:
		if last != nil && last.Number == e.Number {
			last.Ready, last.Result = e.T, "ready"
		}
	case machine.Killing, machine.StillWaiting, machine.Held, machine.Waits, machine.Blocked, machine.NotRun, machine.Slowed:
	default: // what has become of it
		if last == nil || last.Number != e.Number {
			return
		}
		if last.Result = e.Kind; r.Kind == machine.Ended && !r.End.OK() {
			last.Result = "failed"
		}
	}
}

func (c *cycle) last(node string) *control.CycleProcess {
	for i := len(c.Processes) - 1; i >= 0; i-- {
		if p := &c.Processes[i]; p.Node == node {
			return p
		}
	}
	return nil
}

// entry adds a change of generations, or a dummy if there are too many.
func (c *cycle) entry(e *control.Event) *control.CycleProcess {
	p := control.CycleProcess{Node: e.Node, Number: e.Number}
	if len(c.Processes) >= mostListed {
		c.More++
		return &p
	}
	c.Processes = append(c.Processes, p)
	return &c.Processes[len(c.Processes)-1]
}
