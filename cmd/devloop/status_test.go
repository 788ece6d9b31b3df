package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// shopStatus is a loop of which the check of save 12 has failed, and the server of save 11 answers.
func shopStatus(now time.Time) *control.Status {
	ago := func(d time.Duration) *time.Time { return control.Moment(now.Add(-d)) }
	none := 0
	return &control.Status{Config: "/shop/devloop.yaml", PID: 30547, Since: now.Add(-time.Hour), Watching: &control.Watching{Directories: 2},
		Live: control.Live{State: "failed", Cycle: 11, Newest: 12, Answers: 11, Nodes: []string{"check", "server"}, Why: "check failed"},
		Nodes: []control.Node{
			{Name: "check", Kind: "watcher", State: "failed", Failed: true, Number: 12, Since: ago(5 * time.Second), Problems: 120,
				Problem: &control.Diagnostic{File: "/shop/main.go", Line: 45, Column: 6, Severity: "error", Message: "declared and not used: aVariableWithAVeryLongNameIndeed, which nobody has used for years"},
				Plan:    []control.PlannedStage{{Name: "vet", State: "passed", Run: 12}, {Name: "build", State: "failed", Run: 12, Took: 1580 * time.Millisecond}, {Name: "test", State: "passed", Run: 11}}},
			{Name: "server", Kind: "process", State: "ready", Number: 3, Since: ago(time.Minute), PIDs: []int{31710}, Restarts: 1, Lineage: control.Lineage{BuiltFrom: 11},
				Waits: &control.Hold{Kind: "upstream failed", Node: "check", Text: "waits: check failed"}},
			{Name: "a-worker-with-a-name-that-somebody-has-thought-about-for-a-long-time", Kind: "process", State: "ready", Number: 1, Since: ago(time.Hour), PIDs: []int{1234567}, Lineage: control.Lineage{BuiltFrom: 12}},
		},
		Sockets: []control.Socket{{Name: "web", Address: "http://127.0.0.1:3310", Nodes: []string{"server"}, Waiting: &none, Limit: 4096}}}
}

func printed(t *testing.T, p statusPrinter, s *control.Status) string {
	t.Helper()
	var b strings.Builder
	p.w, p.now = &b, time.Unix(1e9, 0)
	if err := p.write(s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestStatusOnATerminal: what has failed and where, in 80 columns.
func TestStatusOnATerminal(t *testing.T) {
	got := printed(t, statusPrinter{width: 80}, shopStatus(time.Unix(1e9, 0)))
	const want = `✗ check main.go:45:6 +119 · save 11 still answers
/shop/devloop.yaml: pid 30547, up 1h00m, watching 2 directories

NODE                               STATE     RUN  BEGAN      PID      RESTARTS
check                              ✗ failed  12   5s ago     -        -
  build failed after 1.6s
  120 problems, the first: /shop/main.go:45:6 declared and not used:
  aVariableWithAVeryLongNameIndeed, which nobody has used for years
server                             ● ready   3    1m00s ago  31710    1
  waits: check failed
  built from save 11
a-worker-with-a-name-that-somebo…  ● ready   1    1h00m ago  1234567  0

SOCKET  ADDRESS                FOR     WAITING
web     http://127.0.0.1:3310  server  0 of 4096
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, width := range []int{40, 60, 80, 200} {
		for _, color := range []bool{false, true} {
			text := printed(t, statusPrinter{width: width, color: color}, shopStatus(time.Unix(1e9, 0)))
			if strings.Contains(text, "\x1b[31m✗ failed\x1b[0m") != color {
				t.Errorf("colour: %v\n%q", color, text)
			}
			for line := range strings.Lines(string(console.Sanitize(nil, []byte(text), false))) {
				if w := (console.Line{{Text: strings.TrimRight(line, "\n")}}).Width(); w > width {
					t.Errorf("%d cells for %d: %q", w, width, line)
				}
			}
		}
	}
}

// TestStatusOfAPipe: one line a node, whatever there is to say.
func TestStatusOfAPipe(t *testing.T) {
	got := printed(t, statusPrinter{}, shopStatus(time.Unix(1e9, 0)))
	for _, want := range []string{"✗ check main.go:45:6 +119 · save 11 still answers\n", " failed  12   5s ago     -        -         120 problems, the first: /shop/main.go:45:6 declared", " 31710    1         waits: check failed\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("it has no %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Errorf("it has colours: %q", got)
	}
}

// TestHeadline says in a few words whether a change is live.
func TestHeadline(t *testing.T) {
	node := func(name, state string, waits *control.Hold) control.Node {
		return control.Node{Name: name, State: state, Waits: waits}
	}
	for _, c := range []struct {
		status control.Status
		want   string
	}{
		{control.Status{Live: control.Live{State: "live", Cycle: 7, Newest: 7}}, "● live · save 7"},
		{control.Status{Live: control.Live{State: "live"}}, "● live"},
		{control.Status{Live: control.Live{State: "building", Cycle: 6, Newest: 7, Answers: 6, Nodes: []string{"check", "server"}},
			Nodes: []control.Node{node("check", "running", nil), node("server", "ready", &control.Hold{Node: "check"})}}, "◐ check · save 6 still answers"},
		{control.Status{Live: control.Live{State: "building", Nodes: []string{"server"}}, Nodes: []control.Node{node("check", "passed", nil), node("server", "starting", nil)}}, "◐ server"},
		{control.Status{Live: control.Live{State: "failed", Cycle: 6, Newest: 7, Answers: 7, Nodes: []string{"server"}}, Nodes: []control.Node{node("server", "backing off", &control.Hold{Kind: "backing off"})}}, "✗ server backing off · save 7 answers"},
		{control.Status{Live: control.Live{State: "failed", Cycle: 6, Newest: 7, Answers: 6, Nodes: []string{"server"}}, Nodes: []control.Node{{Name: "server", State: "ready", Failed: true}}}, "✗ server  new version failed · save 6 still answers"},
		{control.Status{Live: control.Live{State: "behind", Cycle: 6, Newest: 7, Answers: 6, Nodes: []string{"check"}}}, "○ check behind · save 6 still answers"},
		{control.Status{Config: "/shop/devloop.yaml", Mistakes: &control.Mistakes{}, Live: control.Live{State: "failed"}}, "✗ devloop.yaml"},
	} {
		var b strings.Builder
		for _, piece := range headline(&c.status) {
			fmt.Fprint(&b, piece.Text)
		}
		if b.String() != c.want {
			t.Errorf("got %q, want %q", b.String(), c.want)
		}
	}
}

// TestCycleText: a save and all that came of it, for an agent.
func TestCycleText(t *testing.T) {
	const ms = 1e6
	got := cycleText(&control.Cycle{ID: 12, Cause: "change", First: 5 * ms, End: 4505 * ms, Result: "failed", Failed: "check", Paths: []string{"/shop/main.go"}, MorePaths: 3,
		Runs: []control.CycleRun{{Node: "check", Number: 12, Start: 10 * ms, End: 1610 * ms, Result: "failed", Stages: []control.CycleStage{
			{Stage: "vet", Start: 10 * ms, End: 30 * ms, Result: "passed"}, {Stage: "build", Start: 30 * ms, End: 1610 * ms, Result: "failed", Problems: 120}, {Stage: "docs", Result: "skipped"}}},
			{Node: "lint", Number: 4, Start: 10 * ms}},
		Processes: []control.CycleProcess{{Node: "server", Number: 3, Start: 2000 * ms, Ready: 2063 * ms, Result: "ready"}}, More: 1})
	const want = `cycle 12: change /shop/main.go and 3 more; failed after 4.5s
check run 12 failed in 1.6s
    vet passed in 20ms
    build failed in 1.58s, 120 problems
    docs skipped
lint run 4 running
server generation 3 ready in 63ms
and 1 more
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
