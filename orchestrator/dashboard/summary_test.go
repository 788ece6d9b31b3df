package dashboard

import (
	"reflect"
	"testing"
	"time"

	"devloop/orchestrator/control"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	id := 0
	cycle := func(cause string, at time.Time, took time.Duration, path string, runs ...control.CycleRun) control.Cycle {
		id++
		c := control.Cycle{ID: id, Boot: "B", Cause: cause, Time: at, First: 5, End: 5 + int64(took), Runs: runs}
		if path != "" {
			c.Paths = []string{path}
		}
		return c
	}
	run := func(same bool, results ...string) control.CycleRun {
		r := control.CycleRun{Node: "check", SameInputs: same}
		for i, result := range results {
			r.Stages = append(r.Stages, control.CycleStage{Stage: []string{"lint", "test"}[i], Result: result})
		}
		return r
	}
	yesterday, hour := now.Add(-24*time.Hour), now.Add(-time.Hour)
	cycles := []control.Cycle{
		cycle("change", yesterday, time.Hour, "old", run(false, "passed", "failed")),
		cycle("change", hour, 2*time.Second, "a", run(false, "passed", "passed")),
		cycle("change", hour, 4*time.Second, "b", run(false, "passed", "failed")),
		cycle("change", hour, 9*time.Second, "c", run(false, "cancelled"), run(false, "passed", "timed out")),
		cycle("hand", hour, time.Second, "", run(true, "failed", "skipped")),
		cycle("hand", hour, time.Second, "", run(true, "passed", "failed")),
		cycle("crash", hour, time.Second, "", control.CycleRun{Node: "gone", Stages: []control.CycleStage{{Stage: "x", Result: "failed"}}}),
	}
	open := cycle("change", now, 0, "d")
	open.End = 0
	broke := control.Broke{Node: "check", Stage: "test", Cycle: 3, Boot: "B", Paths: []string{"b"}, Since: hour}
	got := summarize(append(cycles, open), now, []GraphNode{{Name: "app"}, {Name: "check", Broke: []control.Broke{broke}}})
	want := summary{Waited: 15 * time.Second, Saves: 3, Median: 4 * time.Second,
		Broke: []control.Broke{broke},
		Flaky: []flaky{{Node: "check", Stage: "lint", Runs: 6, Differed: 2, Cycles: []int{5, 6}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	again := run(false, "passed", "passed")
	again.Stages[1].Reuse = &control.Reuse{Passes: 4, Failures: 1}
	twice := run(false, "passed", "failed")
	twice.Stages[1].Reuse = &control.Reuse{Passes: 4, Failures: 2}
	got = summarize([]control.Cycle{cycles[2], cycle("change", hour, time.Second, "b", again), cycle("change", hour, time.Second, "b", run(false, "passed", "reused"), twice)}, now, []GraphNode{{Name: "check"}})
	if flaky := []flaky{{Node: "check", Stage: "test", Runs: 4, Differed: 2, Cycles: []int{9, 10}}}; !reflect.DeepEqual(got.Flaky, flaky) {
		t.Errorf("got  %+v\nwant %+v", got.Flaky, flaky)
	}
	if none := summarize(nil, now, nil); none.Broke == nil || none.Flaky == nil || none.Median != 0 {
		t.Errorf("%+v", none)
	}
	if two := summarize(cycles[1:3], now, nil); two.Median != 3*time.Second {
		t.Errorf("%+v", two)
	}
}
