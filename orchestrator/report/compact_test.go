package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/machine"
)

// stage and its like are reports of the machine about a node "check" with the
// stages vet, test and build, and a process "server".
func started() Report {
	return Report{Report: machine.Report{Kind: machine.RunStarted, Node: "check", Why: machine.ByChange, Paths: []string{"/p/main.go"}, Plan: [][]string{{"vet"}, {"test"}, {"build"}}}}
}

func stagePassed(name string, took time.Duration) Report {
	return Report{Report: machine.Report{Kind: machine.StagePassed, Node: "check", Stage: name, Took: took}}
}

func stageFailed(name string, problems ...diagnostics.Problem) Report {
	return Report{Report: machine.Report{Kind: machine.StageFailed, Node: "check", Stage: name, Took: 1600 * time.Millisecond, End: machine.End{Code: 1}}, Problems: problems}
}

func of(node string, kind machine.ReportKind) Report {
	return Report{Report: machine.Report{Kind: kind, Node: node, Why: machine.ByTrigger, By: "check", Took: 4500 * time.Millisecond}}
}

func relayed(r Report) Report {
	r.Relay = true
	return r
}

func problem(n int, severity diagnostics.Severity) diagnostics.Problem {
	return diagnostics.Problem{File: "/p/main.go", Line: n, Column: 6, Severity: severity, Message: fmt.Sprintf("declared and not used: x%d", n)}
}

func minutesAgo() time.Time { return time.Now().Add(-185*time.Second - 500*time.Millisecond) }

// stageReused is a stage that passed some minutes ago, and took 1.5 s then.
func stageReused(name, from string) Report {
	return Report{Report: machine.Report{Kind: machine.StageReused, Node: "check", Stage: name, Took: 20 * time.Millisecond,
		Reuse: machine.Reuse{Hit: true, Passed: minutesAgo(), Took: 1520 * time.Millisecond, From: from}}}
}

// knownToDiffer gives a stage earlier results with the same inputs.
func knownToDiffer(r Report) Report {
	r.Reuse = machine.Reuse{Passed: minutesAgo(), Passes: 4, Failures: 1}
	return r
}

// TestCompact reads what the reports of some saves become on a terminal.
func TestCompact(t *testing.T) {
	serverReady := of("server", machine.Ready)
	serverReady.Probed = true
	crashed := of("server", machine.Crashed)
	crashed.End = machine.End{Code: 3}
	again := crashed
	again.Times = 2
	var many []diagnostics.Problem
	for n := range 120 {
		many = append(many, problem(n+1, diagnostics.Error))
	}
	dropped, saved := of("server", machine.Dropped), of("server", machine.Starting)
	dropped.End = machine.End{Code: 3}
	saved.Why, saved.Paths = machine.ByChange, []string{"/p/app.py"}
	tail := stageFailed("test")
	tail.Tail = []string{"nobody knows", "what this means"}
	starting := machine.NodeStatus{Name: "server", State: "starting"}
	for _, c := range []struct {
		name    string
		reports []Report
		nodes   []machine.NodeStatus // after the last
		columns int                  // 0: 100
		want    string
	}{
		{"a good save", []Report{started(), stagePassed("vet", 2*time.Second), stagePassed("test", 1400*time.Millisecond), stagePassed("build", 900*time.Millisecond),
			of("check", machine.RunPassed), of("server", machine.Stopping), of("server", machine.Stopped), of("server", machine.Starting), serverReady}, nil, 0,
			"check    ✓ main.go · 4.5s · vet 2.0 · test 1.4 · build 0.9 → server live in 0.0ms\n"},
		{"every stage is reused", []Report{started(), stageReused("vet", "cache.example.com"), stageReused("test", ""), of("check", machine.RunPassed)}, nil, 0,
			"check    ✓ main.go · 4.5s · 2 stages passed 3m05s ago with these inputs (saved 3.0s)\n"},
		{"the only stage is reused", []Report{started(), stageReused("test", "cache.example.com"), of("check", machine.RunPassed)}, nil, 120,
			"check    ✓ main.go · 4.5s · test passed 3m05s ago with these inputs (saved 1.5s) · from cache.example.com\n"},
		{"some are reused", []Report{started(), stageReused("vet", ""), stagePassed("test", time.Second), of("check", machine.RunPassed)}, nil, 0,
			"check    ✓ main.go · 4.5s · 1 stage passed 3m05s ago with these inputs (saved 1.5s) · test 1.0\n"},
		{"some are reused, on a narrow terminal", []Report{started(), stageReused("vet", ""), stagePassed("test", time.Second), of("check", machine.RunPassed)}, nil, 50,
			"check   ✓ main.go · 4.5s · 1 reused · test 1.0\n"},
		{"a flaky failure", []Report{started(), knownToDiffer(tail), of("check", machine.RunFailed)}, nil, 0,
			"check    ✗ main.go · test failed (exit 1) after 1.6s:\n         the same inputs passed 3m05s ago: it may be flaky (passed 4, failed 1)\n         nobody knows\n         what this means\n"},
		{"a flaky pass", []Report{started(), knownToDiffer(stagePassed("test", time.Second)), of("check", machine.RunPassed)}, nil, 120,
			"check    ✓ main.go · 4.5s · test: the same inputs have failed before: it may be flaky (passed 4, failed 1)\n"},
		{"a watcher without stages", []Report{relayed(started()), relayed(of("check", machine.RunPassed)), saved, serverReady}, nil, 0,
			"server   ✓ app.py · live in 0.0ms\n"},
		{"its server is not ready yet", []Report{started(), of("check", machine.RunPassed), of("server", machine.Starting)}, []machine.NodeStatus{starting}, 0, ""},
		{"its server crashes", []Report{started(), of("check", machine.RunPassed), of("server", machine.Starting), crashed, of("server", machine.Starting), again}, nil, 0,
			"check    ✓ main.go · 4.5s\n" + strings.Repeat("server   ✗ exit code 3 after 4.5s; next try in 1.0s\n", 2)},
		{"a new version is dropped, and the next one is ready", []Report{saved, dropped, saved, serverReady}, nil, 0,
			"server   ✗ the new version ended after 4.5s: exit code 3; dropped, the old version still serves\n" +
				"server   ✓ app.py · live in 0.0ms · fixed after 1 save, 0s\n"},
		{"the same behind a watcher", []Report{started(), of("check", machine.RunPassed), of("server", machine.Starting), dropped, started(), of("check", machine.RunPassed), of("server", machine.Starting), serverReady}, nil, 0,
			"check    ✓ main.go · 4.5s\n" +
				"server   ✗ the new version ended after 4.5s: exit code 3; dropped, the old version still serves\n" +
				"check    ✓ main.go · 4.5s → server live in 0.0ms · server fixed after 1 save, 0s\n"},
		{"another save is faster", []Report{started(), of("check", machine.RunPassed), of("server", machine.Starting), started(), of("check", machine.RunPassed), of("server", machine.Stopping), of("server", machine.Starting), serverReady}, nil, 0,
			"check    ✓ main.go · 4.5s\ncheck    ✓ main.go · 4.5s → server live in 0.0ms\n"},
		{"a few problems, and then it is fixed", []Report{started(), stageFailed("build", problem(7, diagnostics.Warning), problem(12, diagnostics.Error)), of("check", machine.RunFailed), started(), of("check", machine.RunPassed)}, nil, 0,
			"check    ✗ main.go · build failed (exit 1) after 1.6s · 2 problems:\n" +
				"         main.go:12:6  declared and not used: x12\n" +
				"         main.go:7:6   declared and not used: x7\n" +
				"check    ✓ main.go · 4.5s · fixed after 1 save, 0s\n"},
		{"many problems", []Report{started(), stageFailed("build", many...), of("check", machine.RunFailed)}, nil, 0,
			"check    ✗ main.go · build failed (exit 1) after 1.6s · 120 problems, the first:\n" +
				"         main.go:1:6  declared and not used: x1\n" +
				"         main.go:2:6  declared and not used: x2\n" +
				"         main.go:3:6  declared and not used: x3\n" +
				"         main.go:4:6  declared and not used: x4\n" +
				"         main.go:5:6  declared and not used: x5\n" +
				"         … 115 more\n"},
		{"a narrow terminal", []Report{started(), stageFailed("build", many[:10]...), of("check", machine.RunFailed), started(), stagePassed("vet", time.Second), stagePassed("test", time.Second), of("check", machine.RunPassed)}, nil, 40,
			"check   ✗ main.go · build failed · 1.6s\n" +
				"        main.go:1:6  declared and not\n        used: x1\n" +
				"        main.go:2:6  declared and not\n        used: x2\n" +
				"        main.go:3:6  declared and not\n        used: x3\n" +
				"        main.go:4:6  declared and not\n        used: x4\n" +
				"        main.go:5:6  declared and not\n        used: x5\n" +
				"        … 5 more\n" +
				"check   ✓ main.go · 4.5s · fixed after 1\n        save, 0s\n"},
		{"output that names no place", []Report{started(), tail, of("check", machine.RunFailed)}, nil, 0,
			"check    ✗ main.go · test failed (exit 1) after 1.6s:\n         nobody knows\n         what this means\n"},
		{"a process by hand", []Report{{Report: machine.Report{Kind: machine.Stopping, Node: "server", Why: machine.ByHand}, Asked: machine.Restart}, {Report: machine.Report{Kind: machine.Starting, Node: "server", Why: machine.ByHand}}, of("server", machine.Ready)}, nil, 0,
			"server   ✓ by hand · started\n"},
		{"cancelled", []Report{started(), of("check", machine.RunCancelled)}, nil, 0, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			if c.columns == 0 {
				c.columns = 100
			}
			cons := console.New(console.Options{Out: &out, Buffer: console.DefaultBuffer, Columns: func() int { return c.columns }, Names: Names([]string{"check", "server"})})
			s := NewScreen(Options{Console: cons, Dir: "/p", Style: Style{Compact: true}})
			for _, r := range c.reports {
				if r.Kind == machine.Crashed {
					r.Until = time.Now().Add(time.Second)
				}
				if !r.Reuse.Passed.IsZero() {
					r.Reuse.Passed = minutesAgo()
				}
				s.Report(r)
			}
			s.Rested(func() Snapshot { return Snapshot{Nodes: c.nodes} })
			if err := cons.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != c.want {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
			}
		})
	}
}

// TestStatusLine reads the status line in the states of a loop, at two widths.
func TestStatusLine(t *testing.T) {
	at := time.Date(2026, 11, 30, 18, 42, 10, 0, time.Local)
	check := machine.NodeStatus{Name: "check", Watcher: true, State: "passed"}
	server := machine.NodeStatus{Name: "server", State: "ready"}
	running := check
	running.State, running.Stages = "running", []machine.StageStatus{{Name: "test", Since: at.Add(-9 * time.Second)}}
	stopping := server
	stopping.State, stopping.KillAt = "stopping", at.Add(5500*time.Millisecond)
	backingOff := server
	backingOff.State, backingOff.Hold = "backing off", machine.Hold{Kind: machine.BackingOff, Until: at.Add(15500 * time.Millisecond)}
	waiting := server
	waiting.State, waiting.Hold = "waiting", machine.Hold{Kind: machine.Unmet, Node: 0}
	live := control.Live{State: "live", Cycle: 12, Newest: 12}
	building := control.Live{State: "building", Cycle: 12, Newest: 13, Answers: 12}
	crash := of("server", machine.Crashed)
	crash.End, crash.Times = machine.End{Code: 3}, 7
	dropped, late := of("server", machine.Dropped), of("server", machine.Dropped)
	dropped.End, late.Took = machine.End{Code: 3}, time.Minute
	ready := of("server", machine.Ready)
	ready.URLs = []string{"http://127.0.0.1:3310"}
	for _, c := range []struct {
		name         string
		reports      []Report
		ending       bool
		mistake      string
		nodes        []machine.NodeStatus
		live         control.Live
		remote       string
		wide, narrow string
	}{
		{name: "idle", reports: []Report{ready}, nodes: []machine.NodeStatus{check, server}, live: live,
			wide: "● live · http://127.0.0.1:3310 · ? keys", narrow: "● live · http://127.0.0.1:3310 · ? keys"},
		{name: "just started", nodes: []machine.NodeStatus{check, server}, live: control.Live{State: "building", Nodes: []string{"server"}},
			wide: "◐ server  not up yet · ? keys", narrow: "◐ server  not up yet · ? keys"},
		{name: "stopped by hand", nodes: []machine.NodeStatus{check, server}, live: control.Live{State: "behind", Cycle: 12, Nodes: []string{"server"}},
			wide: "- behind · server · ? keys", narrow: "- behind · server · ? keys"},
		{name: "nothing but checks", nodes: []machine.NodeStatus{check}, live: live, wide: "● passed · ? keys", narrow: "● passed · ? keys"},
		{name: "running", reports: []Report{started()}, nodes: []machine.NodeStatus{running, server}, live: building,
			wide: "◐ check  test 9 of ~20s ▕████░░░░░░▏ then build · save 12 is live · ? keys", narrow: "◐ check  test 9 of ~20s ▕████░░░░░░▏"},
		{name: "running on an engine", reports: []Report{started()}, nodes: []machine.NodeStatus{running, server}, live: building, remote: "queued on engine:8980",
			wide: "◐ check  test (queued on engine:8980) 9 of ~20s ▕████░░░░░░▏ then build · save 12 is live", narrow: "◐ check  test (queued on engine:8980) 9 of ~20s"},
		{name: "failed", reports: []Report{started(), stageFailed("build", problem(45, diagnostics.Error), problem(46, diagnostics.Error)), of("check", machine.RunFailed)},
			nodes: []machine.NodeStatus{check, server}, live: building,
			wide: "✗ check failed at 18:42:10 · build: 2 problems · main.go:45:6 · save 12 still answers", narrow: "✗ check failed · save 12 still answers"},
		{name: "failed, and another runs", reports: []Report{started(), stageFailed("build"), of("check", machine.RunFailed), started()}, nodes: []machine.NodeStatus{running, server}, live: building,
			wide: "◐ check  test 9 of ~20s ▕████░░░░░░▏ then build · save 12 is live · ✗ check · ? keys", narrow: "◐ check  test 9 of ~20s · ✗ check"},
		{name: "a crash loop", reports: []Report{crash}, nodes: []machine.NodeStatus{check, backingOff}, live: building,
			wide: "✗ server exit 3 ×7 · next try in 16s · ? keys", narrow: "✗ server exit 3 ×7 · next try in 16s"},
		{name: "a process that is down, and tests", reports: []Report{started(), stageFailed("test"), of("check", machine.RunFailed), crash}, nodes: []machine.NodeStatus{check, backingOff}, live: building,
			wide: "✗ server exit 3 ×7 · next try in 16s · ✗ check · ? keys", narrow: "✗ server exit 3 ×7 · next try in 16s · ✗ check"},
		{name: "a new version that crashed", reports: []Report{dropped}, nodes: []machine.NodeStatus{check, server}, live: building,
			wide: "✗ server  new version failed at 18:42:10 · exit 3 · save 12 still answers · ? keys", narrow: "✗ server  new version failed · exit 3"},
		{name: "a new version that was not ready", reports: []Report{late}, nodes: []machine.NodeStatus{check, server}, live: building,
			wide: "✗ server  new version failed at 18:42:10 · not ready after 1m0s · save 12 still answers", narrow: "✗ server  new version failed at 18:42:10"},
		{name: "a mistake", mistake: "devloop.yaml:30:5 unknown key `socket` (+1)", nodes: []machine.NodeStatus{check, server}, live: live,
			wide: "✗ devloop.yaml:30:5 unknown key `socket` (+1) · the last valid one runs · ? keys", narrow: "✗ devloop.yaml:30:5 unknown key `socket` (+1)"},
		{name: "waiting", nodes: []machine.NodeStatus{check, waiting}, live: building,
			wide: "- server waits for check, which is passed · ? keys", narrow: "- server waits for check, which is passed"},
		{name: "stopping", ending: true, nodes: []machine.NodeStatus{check, stopping},
			wide: "■ stopping 1 of 1 · server (pid 24538) is killed in 6s · Ctrl-C kills now · ? keys", narrow: "■ stopping 1 of 1 · server (pid 24538) is killed in 6s"},
	} {
		opt := Options{Dir: "/p", Style: Style{Status: true}}
		f := files{dir: "/p"}
		failures := newFailures(f)
		l := newStatusLine(opt, f, failures)
		l.mistake = c.mistake
		for _, r := range c.reports {
			failures.record(r)
			l.report(r)
		}
		for _, f := range failures.nodes {
			f.at = at
		}
		all, _ := l.activities(Snapshot{Nodes: c.nodes, Live: c.live, PIDs: func(int) []int { return []int{24538} },
			LastCheck: func(int, int) string { return "" },
			Remote:    func(int, string) string { return c.remote },
			Usual:     func(string, string) time.Duration { return 20 * time.Second }}, c.ending)
		for width, want := range map[int]string{90: c.wide, 40: c.narrow} {
			line, _ := drawn(all, at, width)
			var got strings.Builder
			for _, t := range line {
				got.WriteString(t.Text)
			}
			if got.String() != want {
				t.Errorf("%s, in %d cells: %q, not %q", c.name, width, got.String(), want)
			}
		}
	}
}

// TestWhatStays: where there is little room, which save answers and the place are told before anything else.
func TestWhatStays(t *testing.T) {
	a := activity{head: text(console.Bad, "✗ check failed")}
	a.add(minor, text(console.Bad, " at 18:42:10"))
	a.add(other, text(console.Plain, " · compile: 120 problems"))
	a.add(placed, text(console.Plain, " · main.go:45:6"))
	a.add(answering, text(console.Plain, " · save 1 still answers"))
	for width, want := range map[int]string{
		119: "✗ check failed at 18:42:10 · compile: 120 problems · main.go:45:6 · save 1 still answers · ? keys",
		89:  "✗ check failed at 18:42:10 · compile: 120 problems · main.go:45:6 · save 1 still answers",
		79:  "✗ check failed · compile: 120 problems · main.go:45:6 · save 1 still answers",
		54:  "✗ check failed · main.go:45:6 · save 1 still answers",
		49:  "✗ check failed at 18:42:10 · save 1 still answers",
		39:  "✗ check failed · save 1 still answers",
		20:  "✗ check failed",
		24:  "✗ check failed · ? keys",
	} {
		line, _ := drawn([]activity{a}, time.Time{}, width)
		var got strings.Builder
		for _, t := range line {
			got.WriteString(t.Text)
		}
		if got.String() != want {
			t.Errorf("in %d cells: %q, not %q", width, got.String(), want)
		}
	}
}
