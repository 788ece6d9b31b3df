package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// TestTheSaveThatBroke is the first with which a node failed since it was well, with the files of that time; a crash that no
// save led to is nobody's.
func TestTheSaveThatBroke(t *testing.T) {
	l := NewLog(&graph.Graph{Nodes: []graph.Node{{Name: "check"}, {Name: "server"}}}, func([]byte) {})
	idle := []machine.NodeStatus{{Name: "check"}, {Name: "server"}}
	does := func(node string, kinds ...machine.ReportKind) {
		for _, kind := range kinds {
			l.Report(Report{Report: machine.Report{Kind: kind, Node: node, Num: 1, Why: machine.ByChange}})
		}
	}
	rests := func() { l.Rested(func() []machine.NodeStatus { return idle }) }
	broke := func(node string, cycle int, paths int) {
		t.Helper()
		all := append(l.Broke(node), control.Broke{})
		if all[0].Cycle != cycle || len(all[0].Paths) != paths {
			t.Errorf("%s broke with %+v, not with %d of %d", node, all, cycle, paths)
		}
	}
	l.Changed("check", "/p/a.go")
	does("check", machine.RunStarted, machine.RunFailed)
	l.Changed("check", "/p/late.go") // a part of the same cycle, which did not break it
	rests()
	broke("check", 1, 1)
	l.Changed("check", "/p/b.go")
	does("check", machine.RunStarted, machine.RunFailed)
	rests()
	broke("check", 1, 1)
	if c := l.Newest([]string{"server", "check"}); c == nil || c.ID != 2 {
		t.Errorf("the newest save is %+v", c)
	}
	l.Changed("check", "/p/b.go")
	does("check", machine.RunStarted, machine.RunPassed)
	rests()
	broke("check", 0, 0)

	l.Report(Report{Report: machine.Report{Kind: machine.Crashed, Node: "server", Num: 1}})
	l.Report(Report{Report: machine.Report{Kind: machine.Starting, Node: "server", Num: 2, Why: machine.ByCrash}})
	l.Report(Report{Report: machine.Report{Kind: machine.Crashed, Node: "server", Num: 2}})
	rests()
	broke("server", 0, 0)
	l.Mended([]string{"server"})
	l.Changed("server", "/p/c.go")
	does("server", machine.Starting, machine.Crashed)
	rests()
	broke("server", 5, 1)
	l.Mended([]string{"server"})
	broke("server", 0, 0)

	l.Changed("server", "/p/d.go")
	does("server", machine.Starting, machine.Ended)
	rests()
	broke("server", 0, 0)
	l.Changed("server", "/p/e.go")
	does("server", machine.Starting)
	l.Report(Report{Report: machine.Report{Kind: machine.Ended, Node: "server", Num: 1, End: machine.End{Code: 1}}})
	rests()
	broke("server", 7, 1)
}

// TestEachStageHasItsSave: what fails since which save is known of each stage; what a loop before has seen fail counts, until it
// is well.
func TestEachStageHasItsSave(t *testing.T) {
	var kept [][]byte
	var l *Log
	begin := func() {
		l = NewLog(&graph.Graph{Nodes: []graph.Node{{Name: "check"}, {Name: "job"}}}, func(c []byte) { kept = append(kept, slices.Clone(c)) })
	}
	begin()
	does := func(kind machine.ReportKind, stage string) {
		l.Report(Report{Report: machine.Report{Kind: kind, Node: "check", Stage: stage, Num: 1, Why: machine.ByChange}})
	}
	run := func(path string, lint, test machine.ReportKind) {
		if path != "" {
			l.Changed("check", path)
		}
		does(machine.RunStarted, "")
		for stage, ends := range map[string]machine.ReportKind{"lint": lint, "test": test} {
			does(machine.StageStarted, stage)
			does(ends, stage)
		}
		ends := machine.RunPassed
		if lint == machine.StageFailed || test == machine.StageFailed {
			ends = machine.RunFailed
		}
		does(ends, "")
		l.Rested(func() []machine.NodeStatus { return []machine.NodeStatus{{Name: "check"}, {Name: "job"}} })
	}
	broke := func(node, want string) {
		t.Helper()
		var got []string
		for _, b := range l.Broke(node) {
			got = append(got, fmt.Sprintf("%s%d%v", b.Stage, b.Cycle, b.Paths))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %q, want %q", node, text, want)
		}
	}
	run("/a", machine.StageFailed, machine.StageSkipped)
	run("/b", machine.StagePassed, machine.StageFailed)
	broke("check", "test2[/b]")
	run("/c", machine.StageFailed, machine.StageSkipped)
	broke("check", "test2[/b] lint3[/c]")
	l.Changed("job", "/d")
	job := func(kind machine.ReportKind, end machine.End) {
		l.Report(Report{Report: machine.Report{Kind: kind, Node: "job", Num: 1, Why: machine.ByChange, End: end}})
	}
	job(machine.Starting, machine.End{})
	job(machine.Ended, machine.End{Code: 1})
	l.Rested(func() []machine.NodeStatus {
		return []machine.NodeStatus{{Name: "check"}, {Name: "job", State: "ended", Failed: true}}
	})
	broke("job", "4[/d]")

	boot := l.Boot()
	begin()
	l.Began("check")
	does(machine.RunStarted, "")
	does(machine.StageStarted, "lint")
	does(machine.StageFailed, "lint")
	broke("check", "lint0[]") // as far as this loop knows
	l.Recall(ReadPast(kept))
	broke("check", "lint3[/c]")
	if b := l.Broke("check")[0]; b.Boot != boot {
		t.Errorf("%+v", b)
	}
	l.Began("job")
	job(machine.Starting, machine.End{})
	job(machine.Ended, machine.End{Code: 1})
	broke("job", "4[/d]") // which had not ended well then either
	run("", machine.StagePassed, machine.StagePassed)
	broke("check", "")
	l.Changed("job", "/e")
	job(machine.Starting, machine.End{})
	job(machine.Ready, machine.End{})
	ready := func(up time.Time) func() []machine.NodeStatus {
		return func() []machine.NodeStatus {
			return []machine.NodeStatus{{Name: "check"}, {Name: "job", State: "ready", UpAt: up}}
		}
	}
	soon := ready(time.Now())
	l.Rested(soon)
	l.Stands(machine.Building, []string{"job"}, soon, nil)
	broke("job", "4[/d]")
	l.Stands(machine.Live, nil, ready(time.Time{}), nil)
	broke("job", "")
	job(machine.Crashed, machine.End{Code: 1}) // much later
	broke("job", "0[]")
	l.Stands(machine.Live, nil, ready(time.Time{}), nil)

	// A crash right after it was ready is that save's.
	l.Changed("job", "/f")
	job(machine.Starting, machine.End{})
	job(machine.Ready, machine.End{})
	l.Rested(soon)
	l.Stands(machine.Building, []string{"job"}, soon, nil)
	job(machine.Crashed, machine.End{Code: 1})
	broke("job", "4[/f]")
}

// TestHeading: what goes on at a node, without a time that passes: pages are told once.
func TestHeading(t *testing.T) {
	none := machine.Hold{Node: -1}
	soon := time.Now().Add(time.Minute)
	s := Snapshot{
		Nodes: []machine.NodeStatus{
			{Name: "check", Watcher: true, State: "running", Busy: true, Hold: none, Stages: []machine.StageStatus{{Name: "vet"}}},
			{Name: "check", Watcher: true, State: "failed", Failed: true, Hold: none},
			{Name: "check", Watcher: true, State: "failed", Failed: true, Hold: none, Reason: "no such directory"},
			{Name: "server", State: "backing off", Hold: machine.Hold{Kind: machine.BackingOff, Node: -1, Until: soon}, Failures: 3, End: machine.End{Code: 2}},
			{Name: "server", State: "starting", Hold: none, Failures: 3},
			{Name: "server", State: "not built", Hold: machine.Hold{Kind: machine.NotBuilt, Node: 1}},
			{Name: "server", State: "ready", Hold: none, Dropped: &machine.Drop{End: machine.End{Code: 1}}},
			{Name: "server", State: "ready", Hold: machine.Hold{Kind: machine.SlowedDown, Node: -1, Until: soon}},
		},
		LastCheck: func(int, int) string { return "" },
	}
	for node, want := range []struct {
		failed bool
		text   string
		more   string
	}{
		{false, "checks of save 12 run", "check › vet"},
		{true, "check › vet failed", ""},
		{true, "check failed", "no such directory"},
		{true, "server crashed", "exit code 2, 3 times in a row"},
		{true, "server crashed, and starts again", ""},
		{false, "server waits for check", ""},
		{true, "the new version of server failed", "the new version of server ended (exit code 1) and was dropped; the old one still serves"},
		{false, "server waits", "its files change in each run"},
	} {
		if text, more := s.Heading(node, want.failed, []string{"vet"}, 12); text != want.text || more != want.more {
			t.Errorf("%d: %q, %q; want %q, %q", node, text, more, want.text, want.more)
		}
	}
	if text, _ := s.Heading(4, false, nil, 12); text != "server is starting" {
		t.Errorf("%q", text)
	}
	if root := s.Root(5); root != 1 {
		t.Errorf("%d holds the server back", root)
	}
}
