package report

import (
	"encoding/json"
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

const (
	usualOf    = 5 // passes that count
	usualLeast = 3 // passes before there is a median
)

// durations are how long the last passes of each stage of a node took, by its name, or with "", the last starts of a
// process until it was ready.
type durations map[string][]time.Duration

func (d durations) add(stage string, took time.Duration) {
	all := slices.Concat(d[stage], []time.Duration{took})
	d[stage] = all[max(0, len(all)-usualOf):]
}

// Usual is how long a stage of a watcher usually takes to pass, or with "", a process to be ready; 0 if that is not known.
func (h *History) Usual(node, stage string) time.Duration {
	all := h.nodes[node].took[stage]
	if len(all) < usualLeast {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// ForgetUsual forgets it of a node that has changed.
func (h *History) ForgetUsual(node string) {
	p := h.nodes[node]
	p.took = nil
	h.nodes[node] = p
}

// lasted records how long something took.
func (p *past) lasted(stage string, took time.Duration) {
	if p.took == nil {
		p.took = durations{}
	}
	p.took.add(stage, took)
}

// Past is what is known from loops before this one.
type Past struct {
	cycles [][]byte             // as JSON, the oldest first
	took   map[string]durations // by node
	broke  map[at]control.Broke // what failed at its end
}

// ReadPast reads cycles that a log has kept, the oldest first. Lines that are none are left out.
func ReadPast(lines [][]byte) *Past {
	saves := newSaves()
	p := &Past{took: map[string]durations{}, broke: saves.broke}
	took := func(node, stage string, start, end int64) {
		if p.took[node] == nil {
			p.took[node] = durations{}
		}
		p.took[node].add(stage, time.Duration(end-start))
	}
	for _, line := range lines {
		var c control.Cycle
		if json.Unmarshal(line, &c) != nil || c.ID == 0 || c.Boot == "" {
			continue
		}
		p.cycles = append(p.cycles, line)
		saves.read(&c)
		for _, r := range c.Runs {
			for _, s := range r.Stages {
				if s.Result == "passed" {
					took(r.Node, s.Stage, s.Start, s.End)
				}
			}
		}
		for _, g := range c.Processes {
			if g.Result == string(machine.Ready) && g.Start > 0 {
				took(g.Node, "", g.Start, g.Ready)
			}
		}
	}
	return p
}

// Recall puts before what has taken place how long everything took in loops before.
func (h *History) Recall(before *Past) {
	for node, took := range before.took {
		p := h.nodes[node]
		for stage, all := range p.took {
			for _, d := range all {
				took.add(stage, d)
			}
		}
		p.took = took
		h.nodes[node] = p
	}
}
