package report

import (
	"testing"
	"time"

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
		if b, is := l.Broke(node); is != (cycle != 0) || b.Cycle != cycle || len(b.Paths) != paths {
			t.Errorf("%s broke with %+v, not with %d of %d", node, b, cycle, paths)
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
