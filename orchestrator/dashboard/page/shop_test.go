package page_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/dashboard"
)

const shopDir = "/home/ada/shop"

func ago(d time.Duration) *time.Time {
	t := now().Add(-d)
	return &t
}

func number(n int) *int { return &n }

// shop is a project of seven nodes after a morning's work: all is live.
func shop() *world {
	w := &world{}
	stage := func(name string, group, run int, since, took, usual time.Duration) control.PlannedStage {
		return control.PlannedStage{Name: name, Group: group, State: "passed", Run: run, Since: ago(since), Took: took, Usual: usual}
	}
	ms := time.Millisecond
	w.status = control.Status{
		Config: shopDir + "/devloop.yaml", PID: 4711, Since: now().Add(-97 * time.Minute), Boot: "7G6OZOH75C2V", Seq: 696,
		Live:     control.Live{State: "live", Cycle: 48, Newest: 48, Answers: 48},
		Watching: &control.Watching{Directories: 214, Events: 1893},
		Nodes: []control.Node{
			{Name: "codegen", Kind: "watcher", State: "passed", Number: 5, Since: ago(31 * time.Minute), Plan: []control.PlannedStage{stage("generate", 0, 5, 31*time.Minute, 1080*ms, 1100*ms)}, Lineage: control.Lineage{BuiltFrom: 39}},
			{Name: "check-backend", Kind: "watcher", State: "passed", Number: 31, Since: ago(48 * time.Second), Lineage: control.Lineage{After: []string{"codegen"}, BuiltFrom: 48}, Plan: []control.PlannedStage{
				stage("lint", 0, 31, 48*time.Second, 810*ms, 800*ms), stage("types", 0, 31, 48*time.Second, 1240*ms, 1200*ms), stage("test", 1, 31, 47*time.Second, 2140*ms, 2100*ms),
			}},
			{Name: "assets", Kind: "watcher", State: "passed", Number: 17, Since: ago(4 * time.Minute), Plan: []control.PlannedStage{stage("bundle", 0, 17, 4*time.Minute, 512*ms, 500*ms)}, Lineage: control.Lineage{BuiltFrom: 47}},
			{Name: "db", Kind: "process", State: "ready", Number: 1, Since: ago(97 * time.Minute), PIDs: []int{20059}, Lineage: control.Lineage{BuiltFrom: 1}},
			{Name: "backend", Kind: "process", State: "ready", Number: 28, Since: ago(44 * time.Second), PIDs: []int{25391}, Restarts: 27, Lineage: control.Lineage{After: []string{"check-backend", "db"}, BuiltFrom: 48}},
			{Name: "front", Kind: "process", State: "ready", Number: 17, Since: ago(4 * time.Minute), PIDs: []int{23325}, Restarts: 16, Lineage: control.Lineage{After: []string{"assets", "backend"}, BuiltFrom: 47}},
			{Name: "worker", Kind: "process", State: "ready", Number: 28, Since: ago(44 * time.Second), PIDs: []int{25390}, Restarts: 27, Lineage: control.Lineage{After: []string{"check-backend", "db"}, BuiltFrom: 48}},
		},
		Sockets: []control.Socket{
			{Name: "web", Address: "http://127.0.0.1:3321", Via: "inherit", Nodes: []string{"front"}, Waiting: number(0), Limit: 4096},
			{Name: "api", Address: "http://127.0.0.1:3322", Via: "proxy", Nodes: []string{"backend"}, Waiting: number(0), InFlight: number(2)},
		},
	}
	w.edges = []dashboard.GraphEdge{
		{From: "codegen", To: "check-backend", Kind: "depends_on"}, {From: "check-backend", To: "backend", Kind: "trigger"}, {From: "db", To: "backend", Kind: "depends_on"},
		{From: "assets", To: "front", Kind: "trigger"}, {From: "backend", To: "front", Kind: "depends_on"}, {From: "check-backend", To: "worker", Kind: "trigger"}, {From: "db", To: "worker", Kind: "depends_on"},
	}
	random := rand.New(rand.NewPCG(7, 7))
	at := now().Add(-96 * time.Minute)
	for id := 2; id <= 48; id++ {
		at = at.Add(time.Duration(60+random.IntN(100)) * time.Second)
		if id == 48 {
			at = *ago(48 * time.Second)
		}
		how := random.Float64()
		if id == 46 {
			how = 1.7 // a slow one
		}
		c := w.save(id, at, how)
		switch {
		case id%9 == 4:
			c = failed(c)
		case id%3 == 2:
			c = styles(c)
		}
		w.cycles = append(w.cycles, c)
	}
	w.cycles[38].Runs[0].SameInputs, w.cycles[38].Cause = true, "hand"
	w.printed = []control.Line{
		{Node: "check-backend", Stage: "lint", Text: "\x1b[1m▸ lint\x1b[0m  31 files"},
		{Node: "check-backend", Stage: "types", Text: "\x1b[1m▸ types\x1b[0m"},
		{Node: "check-backend", Stage: "lint", Text: "\x1b[32mok\x1b[0m   0.8s"},
		{Node: "check-backend", Stage: "types", Text: "\x1b[32mok\x1b[0m   1.2s"},
		{Node: "check-backend", Stage: "test", Text: "\x1b[1m▸ test\x1b[0m  42 tests"},
		{Node: "backend", Text: "10:17:40 GET /prices?id=7 \x1b[32m200\x1b[0m  \x1b[2m4 ms\x1b[0m"},
		{Node: "check-backend", Stage: "test", Text: "\x1b[32m42 passed\x1b[0m in 2.1s"},
		{Node: "backend", Text: "\x1b[36mbackend\x1b[0m listens on :41877, pid 25391"},
		{Node: "worker", Text: "worker: \x1b[2mconnected to\x1b[0m db"},
		{Node: "backend", Text: "10:17:43 GET /cart \x1b[32m200\x1b[0m  \x1b[2m9 ms\x1b[0m"},
		{Node: "backend", Text: "10:17:43 GET /favicon.ico \x1b[33m404\x1b[0m  \x1b[2m1 ms\x1b[0m"},
		{Node: "backend", Text: "10:17:51 POST /cart \x1b[32m201\x1b[0m  \x1b[2m12 ms\x1b[0m"},
	}
	for i := range w.printed {
		w.printed[i].Time = now().Add(time.Duration(i-50) * time.Second)
	}
	return w
}

// save is a save of the back end that passed.
func (w *world) save(id int, at time.Time, how float64) control.Cycle {
	const ms = int64(time.Millisecond)
	first := at.Sub(w.status.Since).Nanoseconds()
	slow := func(n int64) int64 { return int64(float64(n*ms) * (0.9 + how/4)) }
	settled := first + 3*ms
	lint, types := settled+slow(810), settled+slow(1240)
	test := types + slow(2140)
	ready := test + 6*ms + slow(930)
	paths := []string{"backend/api.py", "backend/cart.py", "backend/prices.py"}
	return control.Cycle{
		ID: id, Cause: "change", First: first, Settled: settled, End: ready, Result: "passed", Time: at, Boot: w.status.Boot, Paths: []string{shopDir + "/" + paths[id%len(paths)]},
		Runs: []control.CycleRun{{Node: "check-backend", Number: id * 2 / 3, Start: settled, End: test, Result: "passed", Trigger: test, Stages: []control.CycleStage{
			{Stage: "lint", Start: settled, End: lint, Result: "passed"}, {Stage: "types", Start: settled, End: types, Result: "passed"}, {Stage: "test", Start: types, End: test, Result: "passed"},
		}}},
		Processes: []control.CycleProcess{
			{Node: "backend", Number: id * 2 / 3, Stop: test, Stopped: test + 5*ms, Start: test + 6*ms, Ready: ready, Result: "ready"},
			{Node: "worker", Number: id * 2 / 3, Stop: test, Stopped: test + 4*ms, Start: test + 5*ms, Ready: test + 60*ms, Result: "ready"},
		},
	}
}

// failed is the same save, had its test failed.
func failed(c control.Cycle) control.Cycle {
	run := c.Runs[0]
	run.Result, run.Trigger = "failed", 0
	run.Stages[2].Result, run.Stages[2].Problems = "failed", 2
	c.Runs, c.Processes = []control.CycleRun{run}, nil
	c.Result, c.Failed, c.End = "failed", "check-backend", run.End
	return c
}

// styles is a save of the front end in its place.
func styles(c control.Cycle) control.Cycle {
	const ms = int64(time.Millisecond)
	end := c.Settled + 512*ms
	c.Paths = []string{shopDir + "/frontend/app.css"}
	c.Runs = []control.CycleRun{{Node: "assets", Number: c.ID / 3, Start: c.Settled, End: end, Result: "passed", Trigger: end, Stages: []control.CycleStage{{Stage: "bundle", Start: c.Settled, End: end, Result: "passed"}}}}
	c.Processes = []control.CycleProcess{{Node: "front", Number: c.ID / 3, Stop: end, Stopped: end + 20*ms, Start: end + 21*ms, Ready: end + 640*ms, Result: "ready"}}
	c.End = end + 640*ms
	return c
}

// breaks is a save whose test fails: the server of the save before answers.
func (w *world) breaks() {
	at := *ago(12 * time.Second)
	c := failed(w.save(49, at, 0.3))
	c.Paths = []string{shopDir + "/backend/api.py"}
	w.cycles = append(w.cycles, c)
	w.broke = map[string][]control.Broke{"check-backend": {{Node: "check-backend", Stage: "test", Cycle: c.ID, Boot: c.Boot, Paths: c.Paths, Since: at}}}
	n := w.node("check-backend")
	n.State, n.Failed, n.Number, n.Since, n.Problems = "failed", true, 32, &at, 2
	for i := range n.Plan {
		n.Plan[i].Run, n.Plan[i].Since = 32, &at
	}
	began := at.Add(1250 * time.Millisecond)
	n.Plan[2].State, n.Plan[2].Problems, n.Plan[2].Since = "failed", 2, &began
	file := shopDir + "/backend/api.py"
	w.diagnostics.Diagnostics = []control.Diagnostic{
		{Node: "check-backend", Stage: "test", Run: 32, File: file, Line: 12, Column: 5, Severity: "error", Message: "undefined name 'total'", OutputLine: 2},
		{Node: "check-backend", Stage: "test", Run: 32, File: shopDir + "/backend/test_api.py", Line: 41, Severity: "error", Message: "test_cart: expected 12, got 0", OutputLine: 9},
		{Node: "check-backend", Stage: "lint", Run: 32, File: file, Line: 3, Column: 1, Severity: "warning", Message: "unused import: json", OutputLine: 1},
	}
	n.Problem = &w.diagnostics.Diagnostics[0]
	w.status.Live = control.Live{State: "failed", Cycle: 48, Newest: 49, Answers: 48, Nodes: []string{"check-backend"}, Why: "check-backend failed"}
	for _, name := range []string{"backend", "worker"} {
		w.node(name).Waits = &control.Hold{Kind: "upstream failed", Node: "check-backend", Text: "check-backend failed"}
	}
	for i, text := range []string{"\x1b[1m▸ test\x1b[0m  42 tests", "backend/api.py:12:5: \x1b[31merror\x1b[0m: undefined name 'total'", "        \x1b[2mreturn\x1b[0m total", "               \x1b[31m^^^^^\x1b[0m", "FAILED backend/test_api.py:41 \x1b[1mtest_cart\x1b[0m: expected 12, got 0", "\x1b[31m2 failed\x1b[0m, 40 passed in 2.1s"} {
		w.printed = append(w.printed, control.Line{Node: "check-backend", Stage: "test", Time: now().Add(time.Duration(i-10) * time.Second), Text: text})
	}
}

// builds is a save whose new server starts, while requests wait for it.
func (w *world) builds() {
	at := now().Add(-4300 * time.Millisecond)
	c := w.save(49, at, 0.3)
	c.End, c.Result = 0, "running"
	c.Processes[0].Ready, c.Processes[0].Result = 0, ""
	w.cycles = append(w.cycles, c)
	n := w.node("backend")
	n.State, n.Busy, n.Number, n.Since, n.Usual, n.BuiltFrom, n.PIDs = "starting", true, 29, ago(850*time.Millisecond), 940*time.Millisecond, 49, []int{25977}
	check := w.node("check-backend")
	check.Number, check.Since, check.BuiltFrom = 32, &at, 49
	for i := range check.Plan {
		check.Plan[i].Run, check.Plan[i].Since = 32, &at
	}
	w.status.Live = control.Live{State: "building", Cycle: 48, Newest: 49, Answers: 47, Nodes: []string{"backend"}}
	s := &w.status.Sockets[1]
	s.Waiting, s.InFlight = number(3), number(0)
	s.Requests = []control.Request{
		{Method: "GET", Path: "/prices", Since: *ago(820 * time.Millisecond), Node: "backend"},
		{Method: "POST", Path: "/cart", Since: *ago(610 * time.Millisecond), Node: "backend"},
		{Method: "GET", Path: "/cart/items/7/picture", Since: *ago(90 * time.Millisecond), Node: "backend"},
	}
}

// crowd is a project of so many nodes.
func crowd(nodes int) *world {
	w := shop()
	w.status.Nodes, w.edges, w.status.Sockets = nil, nil, []control.Socket{}
	for i := range nodes {
		name := fmt.Sprintf("service-%02d", i)
		w.status.Nodes = append(w.status.Nodes, control.Node{Name: name, Kind: "process", State: "ready", Number: 1, Since: ago(time.Minute), PIDs: []int{1000 + i}})
		if i > 4 {
			w.edges = append(w.edges, dashboard.GraphEdge{From: fmt.Sprintf("service-%02d", i/5), To: name, Kind: "depends_on"})
		}
	}
	return w
}
