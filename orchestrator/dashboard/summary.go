package dashboard

import (
	"slices"
	"time"

	"devloop/orchestrator/control"
)

// summary is what the cycles of a project come to.
type summary struct {
	Waited time.Duration `json:"waited_today"` // for the saves of today, until everything was at rest
	Saves  int           `json:"saves_today"`
	Median time.Duration `json:"median"` // of them
	Broke  []broke       `json:"broke"`
	Flaky  []flaky       `json:"flaky"`
}

// broke is the save with which something began to fail that fails now.
type broke struct {
	Node  string    `json:"node"`
	Stage string    `json:"stage"` // "" for a process
	Cycle int       `json:"cycle"`
	Boot  string    `json:"boot"` // of the loop that counts so
	Paths []string  `json:"paths"`
	More  int       `json:"more,omitempty"`
	Since time.Time `json:"since"`
}

// flaky is a stage that, from the same files, came to another result than the time before.
type flaky struct {
	Node     string `json:"node"`
	Stage    string `json:"stage"`
	Runs     int    `json:"runs"`     // that passed or failed
	Differed int    `json:"differed"` // so many of them
	Cycles   []int  `json:"cycles"`   // in which
}

// outcome is a series of runs of a stage, or starts of a process, with the same result.
type outcome struct {
	first  *control.Cycle
	failed bool
}

// stageOf is a stage of a node, or a process.
type stageOf struct{ node, stage string }

// summarize looks through cycles, newest last.
func summarize(cycles []control.Cycle, now time.Time, known func(node string) bool) summary {
	sum := summary{Broke: []broke{}, Flaky: []flaky{}}
	var took []time.Duration
	last := map[stageOf]outcome{}
	counts := map[stageOf]*flaky{}
	var order []stageOf
	note := func(at stageOf, c *control.Cycle, failed, same bool, reuse *control.Reuse) {
		before, seen := last[at]
		changed := seen && before.failed != failed
		if !seen {
			order = append(order, at)
			counts[at] = &flaky{Node: at.node, Stage: at.stage, Cycles: []int{}}
		}
		count := counts[at]
		count.Runs++
		if changed && same || reuse != nil && (failed && reuse.Passes > 0 || changed && reuse.Failures > 0) {
			count.Differed++
			count.Cycles = append(count.Cycles, c.ID)
		}
		if !seen || changed {
			last[at] = outcome{c, failed}
		}
	}
	for i := range cycles {
		c := &cycles[i]
		if c.Cause == "change" && c.End > 0 && sameDay(c.Time, now) {
			took = append(took, time.Duration(c.End-c.First))
		}
		for _, run := range c.Runs {
			for _, st := range run.Stages {
				if failed, ended := verdict(st.Result); ended && known(run.Node) {
					note(stageOf{run.Node, st.Stage}, c, failed, run.SameInputs, st.Reuse)
				}
			}
		}
		for _, p := range c.Processes {
			if failed, ended := verdict(p.Result); ended && known(p.Node) {
				note(stageOf{node: p.Node}, c, failed, false, nil)
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
		if o := last[at]; o.failed {
			sum.Broke = append(sum.Broke, broke{at.node, at.stage, o.first.ID, o.first.Boot, append([]string{}, o.first.Paths...), o.first.MorePaths, o.first.Time})
		}
		if count := counts[at]; count.Differed > 0 {
			sum.Flaky = append(sum.Flaky, *count)
		}
	}
	return sum
}

// verdict tells whether a result is a good one; ended is false of one that says nothing about what was run.
func verdict(result string) (failed, ended bool) {
	switch result {
	case "passed", "reused", "ready", "reloaded", "ended":
		return false, true
	case "failed", "timed out", "crashed", "gave up", "not ready", "dropped":
		return true, true
	}
	return false, false
}

func sameDay(a, b time.Time) bool {
	a, b = a.Local(), b.Local()
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}
