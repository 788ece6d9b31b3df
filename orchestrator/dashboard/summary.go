package dashboard

import (
	"slices"
	"time"

	"devloop/orchestrator/control"
)

// summary is what the cycles of a project come to.
type summary struct {
	Waited time.Duration   `json:"waited_today"` // for the saves of today, until everything was at rest
	Saves  int             `json:"saves_today"`
	Median time.Duration   `json:"median"` // of them
	Broke  []control.Broke `json:"broke"`
	Flaky  []flaky         `json:"flaky"`
}

// flaky is a stage that, from the same files, came to another result than the time before.
type flaky struct {
	Node     string `json:"node"`
	Stage    string `json:"stage"`
	Runs     int    `json:"runs"`     // that passed or failed
	Differed int    `json:"differed"` // so many of them
	Cycles   []int  `json:"cycles"`   // in which
}

// stageOf is a stage of a node.
type stageOf struct{ node, stage string }

// summarize looks through cycles, newest last.
func summarize(cycles []control.Cycle, now time.Time, nodes []GraphNode) summary {
	sum := summary{Broke: []control.Broke{}, Flaky: []flaky{}}
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Name], sum.Broke = true, append(sum.Broke, n.Broke...)
	}
	var took []time.Duration
	last, counts := map[stageOf]bool{}, map[stageOf]*flaky{}
	var order []stageOf
	for i := range cycles {
		c := &cycles[i]
		if c.Cause == "change" && c.End > 0 && sameDay(c.Time, now) {
			took = append(took, time.Duration(c.End-c.First))
		}
		for _, run := range c.Runs {
			for _, st := range run.Stages {
				at, passed := stageOf{run.Node, st.Stage}, false
				switch st.Result {
				case "passed", "reused":
					passed = true
				case "failed", "timed out":
				default:
					continue // it says nothing about what was run
				}
				count := counts[at]
				before, seen := last[at]
				changed := seen && before != passed
				if count == nil {
					count = &flaky{Node: at.node, Stage: at.stage, Cycles: []int{}}
					counts[at], order = count, append(order, at)
				}
				count.Runs++
				if changed && run.SameInputs || st.Reuse != nil && (!passed && st.Reuse.Passes > 0 || changed && st.Reuse.Failures > 0) {
					count.Differed++
					count.Cycles = append(count.Cycles, c.ID)
				}
				last[at] = passed
			}
		}
	}
	sum.Saves = len(took)
	for _, d := range took {
		sum.Waited += d
	}
	if slices.Sort(took); len(took) > 0 {
		sum.Median = (took[(len(took)-1)/2] + took[len(took)/2]) / 2
	}
	for _, at := range order {
		if count := counts[at]; count.Differed > 0 && known[at.node] {
			sum.Flaky = append(sum.Flaky, *count)
		}
	}
	return sum
}

func sameDay(a, b time.Time) bool {
	a, b = a.Local(), b.Local()
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}
