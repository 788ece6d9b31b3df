package report

import (
	"fmt"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// Tally is what a single run of all watchers comes to. One goroutine owns it.
type Tally struct {
	ran   control.Ran
	began time.Time
}

// NewTally begins to count.
func NewTally() *Tally {
	now := time.Now()
	return &Tally{began: now, ran: control.Ran{V: control.RanVersion, Time: now, Runs: []control.CycleRun{}, Diagnostics: []control.Diagnostic{}, Unplaced: []control.Unplaced{}}}
}

// Report counts a report of the machine.
func (t *Tally) Report(r Report) {
	e := event(r)
	e.T = max(1, time.Since(t.began).Nanoseconds())
	switch r.Kind {
	case machine.RunStarted:
		t.ran.Runs = append(t.ran.Runs, control.CycleRun{Node: r.Node, Number: r.Num, Start: e.T, Stages: []control.CycleStage{}})
		return
	case machine.NotRun:
		if r.Num == 0 {
			t.ran.NotRun = append(t.ran.NotRun, r.Node)
		}
		return
	case machine.StageReused:
		t.ran.Reused++
		t.ran.Saved += saved(r.Reuse, r.Took)
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut:
		t.ran.Executed++
	}
	c := cycle{Cycle: control.Cycle{Runs: t.ran.Runs}}
	if r.Watcher {
		c.note(&r, &e)
	}
}

// Touched says that the triggers of a run are about to be touched.
func (t *Tally) Touched(node string, run int) {
	c := cycle{Cycle: control.Cycle{Runs: t.ran.Runs}}
	c.touched(node, run, max(1, time.Since(t.began).Nanoseconds()))
}

// Complains adds what a node's stages complained of.
func (t *Tally) Complains(found []control.Diagnostic, unplaced []control.Unplaced) {
	t.ran.Diagnostics, t.ran.Unplaced = append(t.ran.Diagnostics, found...), append(t.ran.Unplaced, unplaced...)
}

// Ran is what all of it comes to, with the exit code.
func (t *Tally) Ran(config string, code int) control.Ran {
	t.ran.Config, t.ran.Exit, t.ran.Took = config, code, time.Since(t.began)
	switch t.ran.Result = "passed"; {
	case code == 1:
		t.ran.Result = "failed"
	case code != 0:
		t.ran.Result = "interrupted"
	}
	return t.ran
}

// Saved says how many stages did not run because they had passed before, and what that saved; "" if all ran.
func (t *Tally) Saved() string {
	if t.ran.Reused == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %s reused: passed before with the same inputs", t.ran.Reused, console.Count(t.ran.Reused+t.ran.Executed, "stage"))
	if t.ran.Saved > 0 {
		text += ", which saved " + short(t.ran.Saved)
	}
	return text
}
