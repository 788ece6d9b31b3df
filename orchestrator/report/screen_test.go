package report

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// TestScreen reads what reports become on the screen.
func TestScreen(t *testing.T) {
	dir := t.TempDir()
	failed := machine.End{Code: 1}
	paths := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
	for _, c := range []struct {
		reports []Report
		want    string
	}{
		{[]Report{{Report: machine.Report{Kind: machine.RunStarted, Node: "check", Why: machine.ByChange, Paths: paths("a", "b", "c", "d"), Plan: [][]string{{"lint"}, {"unit", "docs"}}}}},
			"check | ● a, b and 2 more changed: lint → unit | docs"},
		{[]Report{{Report: machine.Report{Kind: machine.RunStarted, Node: "check", Why: machine.ByChange, Paths: paths("4913", "a"), Plan: [][]string{{"lint"}}}}},
			"check | ● a changed: lint"},
		{[]Report{{Report: machine.Report{Kind: machine.StagePassed, Node: "check", Took: time.Second, Stage: "lint"}, Warnings: 2, Warning: "a.go:1: unused"}},
			"check | ✓ lint  1.0s, 2 warnings: a.go:1: unused"},
		{[]Report{stageReused("test", "cache.example.com")},
			"check | ✓ test · passed 3m05s ago with these inputs (saved 1.5s) · from cache.example.com"},
		{[]Report{knownToDiffer(stageFailed("test"))},
			"check | ✗ test  exit code 1 after 1.6s\ncheck | ! the same inputs passed 3m05s ago: it may be flaky (passed 4, failed 1)"},
		{[]Report{{Report: machine.Report{Kind: machine.RunPassed, Node: "check", Took: time.Second, Stale: true}}},
			"check | ✓ passed in 1.0s, but files have changed since"},
		{[]Report{{Report: machine.Report{Kind: machine.RunFailed, Node: "check", Serving: []string{"app", "api"}}}},
			"check | ✗ failed; app, api keep running unchanged"},
		{[]Report{{Report: machine.Report{Kind: machine.Blocked, Node: "app", By: "db", Need: schema.IsReady}, Became: "crashed: exit code 1"}},
			"app | ! waits for db to be ready, which crashed: exit code 1"},
		{[]Report{
			{Report: machine.Report{Kind: machine.Stopping, Node: "app", Why: machine.ByTrigger, By: "check"}},
			{Report: machine.Report{Kind: machine.Starting, Node: "app", Why: machine.ByTrigger, By: "check"}},
			{Report: machine.Report{Kind: machine.Ready, Node: "app", Took: 20 * time.Millisecond, Probed: true}, URLs: []string{"http://x"}},
			{Report: machine.Report{Kind: machine.Starting, Node: "app", Why: machine.ByTrigger, By: "check"}},
		}, "app | ↻ restarting: check passed\napp | ✓ ready in 20ms  http://x\napp | ▸ starting: check passed"},
		{[]Report{{Report: machine.Report{Kind: machine.Stopping, Node: "app", Why: machine.ByHand}, Asked: machine.Stop}, {Report: machine.Report{Kind: machine.Starting, Node: "app", Why: machine.ByHand}}},
			"app | ■ stopping: by hand\napp | ▸ starting: by hand"},
		{[]Report{{Report: machine.Report{Kind: machine.Dropped, Node: "app", Took: time.Second}, LastCheck: "404"}},
			"app | ✗ the new version was not ready after 1.0s; dropped, the old version still serves\napp |   last check: 404"},
		{[]Report{{Report: machine.Report{Kind: machine.GaveUp, Node: "app", Took: time.Second, End: failed, Times: 3}}},
			"app | ✗ exit code 1 after 1.0s, 3 times in a row; it stays down until something changes"},
		{[]Report{{Report: machine.Report{Kind: machine.StillWaiting, Node: "app"}, PID: 12}}, "devloop | waiting for app (pid 12) to end"},
	} {
		var out bytes.Buffer
		cons := console.New(console.Options{Out: &out})
		s := NewScreen(Options{Console: cons, Dir: dir, Gone: func(path string) bool { return filepath.Base(path) == "4913" }})
		for _, r := range c.reports {
			s.Report(r)
		}
		if err := cons.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

// TestTurn: attention is called for when a node begins to fail, or recovers,
// and not for what ends because the loop does.
func TestTurn(t *testing.T) {
	var turns []string
	cons := console.New(console.Options{Out: &bytes.Buffer{}})
	s := NewScreen(Options{Console: cons, Hooks: Hooks{Turn: func(_ bool, text string, _ time.Duration) { turns = append(turns, text) }}})
	for _, kind := range []machine.ReportKind{machine.RunPassed, machine.RunFailed, machine.RunFailed, machine.RunPassed} {
		s.Report(Report{Report: machine.Report{Kind: kind, Node: "check"}})
	}
	s.Report(Report{Report: machine.Report{Kind: machine.RunFailed, Node: "other"}})
	s.Forget("other")
	s.Report(Report{Report: machine.Report{Kind: machine.RunPassed, Node: "other"}})
	s.Ending("stopping")
	s.Report(Report{Report: machine.Report{Kind: machine.RunFailed, Node: "check"}})
	if err := cons.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if got := strings.Join(turns, ", "); got != "check failed, check passed again, other failed" {
		t.Error(got)
	}
}

// TestWhatIsWrong tells mistakes from a file that could not be read.
func TestWhatIsWrong(t *testing.T) {
	if got := WhatIsWrong(schema.Mistakes{{Msg: "x"}}); got != "has mistakes" {
		t.Error(got)
	}
	if got := WhatIsWrong(errors.New("no such file")); got != "cannot be used" {
		t.Error(got)
	}
}
