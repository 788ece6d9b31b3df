package report

import (
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// TestTally counts what a single run comes to.
func TestTally(t *testing.T) {
	tally := NewTally()
	if text := tally.Saved(); text != "" {
		t.Errorf("nothing has run, and it says %q", text)
	}
	for _, r := range []machine.Report{
		{Kind: machine.RunStarted, Node: "check", Num: 1},
		{Kind: machine.StageStarted, Node: "check", Num: 1, Stage: "lint"},
		{Kind: machine.StageReused, Node: "check", Num: 1, Stage: "lint", Took: time.Second, Reuse: machine.Reuse{Hit: true, Took: 8 * time.Second, From: "cache.example.com"}},
		{Kind: machine.StageSkipped, Node: "check", Num: 1, Stage: "docs"},
		{Kind: machine.StageStarted, Node: "check", Num: 1, Stage: "test"},
		{Kind: machine.StageReused, Node: "check", Num: 1, Stage: "test", Took: time.Second, Reuse: machine.Reuse{Hit: true, Took: 10 * time.Millisecond}},
		{Kind: machine.RunPassed, Node: "check", Num: 1},
		{Kind: machine.RunStarted, Node: "site", Num: 1},
		{Kind: machine.StageStarted, Node: "site", Num: 1, Stage: "build"},
		{Kind: machine.StageFailed, Node: "site", Num: 1, Stage: "build", End: machine.End{Code: 1}},
		{Kind: machine.RunFailed, Node: "site", Num: 1},
		{Kind: machine.NotRun, Node: "deploy", By: "site"},
		{Kind: machine.NotRun, Node: "site", Num: 1, By: "db"}, // it has begun
		{Kind: machine.Starting, Node: "db", Num: 1},
	} {
		r.Watcher = r.Node != "db"
		tally.Report(Report{Report: r})
		if r.Kind == machine.RunPassed {
			tally.Touched(r.Node, r.Num)
		}
	}
	tally.Complains([]control.Diagnostic{{Node: "site"}}, nil)
	if got, want := tally.Saved(), "2 of 3 stages reused: passed before with the same inputs, which saved 7.0s"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r := tally.Ran("/p/devloop.yaml", 1)
	if r.Result != "failed" || r.Exit != 1 || r.Executed != 1 || r.Reused != 2 || r.Saved != 7*time.Second || len(r.NotRun) != 1 || len(r.Diagnostics) != 1 || r.Unplaced == nil {
		t.Errorf("%+v", r)
	}
	if len(r.Runs) != 2 || r.Runs[0].Trigger == 0 || r.Runs[0].Result != "passed" || r.Runs[1].Stages[0].Result != "failed" {
		t.Fatalf("%+v", r.Runs)
	}
	lint := r.Runs[0].Stages[0]
	if lint.Result != "reused" || lint.Reuse == nil || lint.Reuse.Saved != 7*time.Second || lint.Reuse.From != "cache.example.com" || lint.End < lint.Start {
		t.Errorf("%+v", lint)
	}
	if tally.Ran("", 130).Result != "interrupted" || tally.Ran("", 0).Result != "passed" {
		t.Error("the result does not follow the exit code")
	}
}
