package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/machine"
)

// compact shows what happens in few lines, for a terminal: one for a good save, with
// the servers that it led to, and for a failed stage its first problems. What it has
// no words for is shown as everywhere.
type compact struct {
	opt Options
	files
	failures *failures
	runs     map[string]*run     // by watcher, the last one, until it is told
	starts   map[string]*start   // by process, one under way
	waits    map[string][]string // by node: what it waits for, as it has been told since it began last
}

// run is a run of a watcher.
type run struct {
	node   string
	cause  string
	bare   bool     // it has no stages: it only passes a change on
	stages []string // that have passed, with their times
	reused []Report // those that did not run
	notes  []string
	passed time.Time // zero: not yet
	took   time.Duration
	starts []*start // that it has led to
}

// start is a process on its way to a new generation.
type start struct {
	node  string
	cause string
	run   *run // that led to it, and is told with it; nil: none
	began time.Time
	ready string // what to say of it; "": not ready yet
}

// mostShown is how many problems of a stage are shown. On a small screen the first
// must stay in sight.
const mostShown = 5

func newCompact(opt Options, f files, failures *failures) *compact {
	return &compact{opt: opt, files: f, failures: failures, runs: map[string]*run{}, starts: map[string]*start{}, waits: map[string][]string{}}
}

// report shows a report; false: as everywhere.
func (c *compact) report(r Report) bool {
	switch r.Kind {
	case machine.RunStarted, machine.RunPassed, machine.RunFailed, machine.RunCancelled:
		return c.run(r)
	case machine.Held, machine.Stopped:
		return true // the status line says it
	case machine.Waits, machine.Blocked:
		what := string(r.Kind) + r.By
		if slices.Contains(c.waits[r.Node], what) {
			return true
		}
		c.waits[r.Node] = append(c.waits[r.Node], what)
		return false
	case machine.StillWaiting:
		return c.opt.Style.Status
	}
	if r.Kind.OfStage() {
		c.stage(r)
		return true
	}
	return c.process(r)
}

func (c *compact) run(r Report) bool {
	cur := c.runs[r.Node]
	switch {
	case r.Kind == machine.RunStarted:
		if begin := c.opt.Hooks.Begin; begin != nil && r.Why == machine.ByChange {
			begin()
		}
		if r.Relay {
			return true // it has nothing to say; the server's start is told
		}
		if cur != nil && !cur.passed.IsZero() {
			c.told(cur)
		}
		c.runs[r.Node] = &run{node: r.Node, cause: c.cause(r), bare: len(r.Plan) == 0}
	case cur == nil:
		return r.Relay && r.Kind != machine.RunFailed
	case r.Kind == machine.RunPassed:
		cur.passed, cur.took = time.Now(), r.Took
		if r.Stale {
			cur.notes = append(cur.notes, "files have changed since")
		}
		if f := c.failures.nodes[r.Node]; f != nil {
			cur.notes = append(cur.notes, f.fixed())
		}
	case r.Kind == machine.RunFailed:
		delete(c.runs, r.Node)
		return r.End.Err == "" // else no stage has said why
	default:
		delete(c.runs, r.Node)
	}
	return true
}

// cause is why something starts, in the fewest words.
func (c *compact) cause(r Report) string {
	if r.Why == machine.ByChange {
		return c.Paths(r.Paths)
	}
	return c.files.cause(r)
}

func (c *compact) stage(r Report) {
	cur := c.runs[r.Node]
	if cur == nil {
		cur = &run{}
	}
	switch r.Kind {
	case machine.StagePassed:
		text := command(r.Stage) + " " + brief(r.Took)
		if r.Warnings > 0 {
			text += " (" + console.Count(r.Warnings, "warning") + ")"
		}
		cur.stages = append(cur.stages, text)
		if f := flaky(r); f != "" {
			cur.notes = append(cur.notes, command(r.Stage)+": "+f)
		}
	case machine.StageReused:
		cur.reused = append(cur.reused, r)
	case machine.StageFailed, machine.StageTimedOut, machine.StageTolerated:
		c.failed(r, cur.cause)
	}
	if r.Output != nil {
		c.failures.keep(r.Node, r.Output)
	}
}

// failed shows a stage that has failed, with its first problems, or the end of its
// output if it names none.
func (c *compact) failed(r Report, cause string) {
	shape, tone := "✗ ", console.Bad
	if r.Kind == machine.StageTolerated {
		shape, tone = "! ", console.Warn
	}
	head := console.Line{{Text: shape, Tone: tone}}
	if cause != "" {
		head = append(head, console.Text{Text: cause + " · "})
	}
	problems := slices.Clone(r.Problems) // errors before warnings
	slices.SortStableFunc(problems, func(a, b diagnostics.Problem) int { return rank(a) - rank(b) })
	total := len(problems) + r.More
	if len(problems) > mostShown+1 {
		problems = problems[:mostShown]
	}
	count, first := "", ""
	switch {
	case total > len(problems):
		count, first = " · "+console.Count(total, "problem"), ", the first:"
	case total > 0:
		count, first = " · "+console.Count(total, "problem"), ":"
	case len(r.Tail) > 0:
		first = ":"
	}
	long, brief := stageFailure(r)
	room := c.opt.Console.Room()
	for _, said := range [][2]string{{long, count + first}, {brief, count + first}, {brief, count}, {brief, ""}} { // the first that takes one row
		line := append(slices.Clip(head), console.Text{Text: said[0], Tone: tone}, console.Text{Text: said[1]})
		if room == 0 || line.Width() <= room || said[1] == "" {
			head = line
			break
		}
	}
	var lines []console.Line
	if f := flaky(r); f != "" {
		lines = append(lines, text(console.Warn, "%s", f))
	}
	lines = append(lines, c.listed(problems)...)
	for _, line := range r.Tail {
		lines = append(lines, console.Line{{Text: line}})
	}
	if more := total - len(problems); more > 0 {
		line := text(console.Dim, "… %d more%s", more, c.opt.Style.MoreHint)
		if room > 0 && line.Width() > room {
			line = text(console.Dim, "… %d more", more)
		}
		lines = append(lines, line)
	}
	c.opt.Console.Write(r.Node, head, lines...)
}

// listed are problems, a line each, their messages below each other.
func (c *compact) listed(problems []diagnostics.Problem) (lines []console.Line) {
	const most = 40
	width := 0
	places := make([]console.Line, len(problems))
	for i, p := range problems {
		places[i] = console.Line{{Text: c.place(p), Link: c.link(p)}}
		if w := places[i].Width(); w <= most {
			width = max(width, w)
		}
	}
	for i, p := range problems {
		gap := strings.Repeat(" ", max(0, width-places[i].Width())+2)
		tone := console.Plain
		if p.Severity != diagnostics.Error {
			tone = console.Dim
		}
		lines = append(lines, append(places[i], console.Text{Text: gap + p.Message, Tone: tone}))
	}
	return lines
}

// process shows a report about a process; false: as everywhere.
func (c *compact) process(r Report) bool {
	switch r.Kind {
	case machine.Starting:
		delete(c.waits, r.Node)
		if c.opt.Style.Status {
			c.opt.Console.Starts(r.Node, r.Why == machine.ByCrash)
		}
		c.start(r)
		return true
	case machine.Reloading, machine.Killing:
		return false
	case machine.Stopping:
		if r.Why == machine.ByShutdown || r.Why == machine.ByUpdate {
			return true
		}
		if r.Gone || r.Why == machine.ByChecking || r.Why == machine.ByHand && r.Asked == machine.Stop {
			return false
		}
		c.start(r)
		return true
	case machine.Ready:
		c.ready(r)
		return true
	case machine.Crashed:
		c.abandon(r.Node)
		return r.Times > 1 && c.opt.Style.Status // which counts them
	case machine.Ended:
		c.opt.Console.Runs(r.Node)
	}
	c.abandon(r.Node)
	return false
}

// start notes a process that starts, or stops to be started again.
func (c *compact) start(r Report) {
	if st := c.starts[r.Node]; st != nil && st.ready == "" && st.run != nil {
		return
	}
	st := &start{node: r.Node, cause: c.cause(r), began: time.Now()}
	switch r.Why {
	case machine.ByTrigger, machine.ByPass, machine.ByChecked:
		st.run = c.runs[r.By]
	case machine.ByDependency:
		if other := c.starts[r.By]; other != nil {
			st.run = other.run
		}
	case machine.ByStart:
		st.cause = ""
	}
	if st.run != nil {
		st.run.starts = append(st.run.starts, st)
	}
	c.starts[r.Node] = st
}

// ready completes the start of a process.
func (c *compact) ready(r Report) {
	st := c.starts[r.Node]
	if st == nil {
		return
	}
	st.ready = "started"
	if r.Probed {
		st.ready = "live in " + short(time.Since(st.began))
	}
	f := c.failures.nodes[r.Node]
	mends := f != nil && f.times == 0 // one that has crashed may again
	if st.run != nil {
		if mends {
			st.run.notes = append(st.run.notes, r.Node+" "+f.fixed())
		}
		return // told with it
	}
	delete(c.starts, r.Node)
	if f != nil && !mends {
		return
	}
	line := console.Line{{Text: "✓ ", Tone: console.Good}}
	if st.cause != "" {
		line = append(line, console.Text{Text: st.cause + " · "})
	}
	line = append(line, console.Text{Text: st.ready})
	for _, url := range r.URLs {
		line = append(line, console.Text{Text: " · "}, console.Text{Text: url, Link: url})
	}
	if mends {
		line = append(line, console.Text{Text: " · " + f.fixed()})
	}
	c.opt.Console.Write(r.Node, line)
}

// abandon gives up a start that has not led to a process that is ready.
func (c *compact) abandon(node string) {
	st := c.starts[node]
	if st == nil {
		return
	}
	delete(c.starts, node)
	if st.run != nil && st.ready == "" {
		st.run.starts = slices.DeleteFunc(st.run.starts, func(s *start) bool { return s == st })
		c.rested(nil)
	}
}

// rested tells of the runs that have passed and whose processes are ready. A run is
// held back while one that it triggers is on its way.
func (c *compact) rested(nodes []machine.NodeStatus) {
	for _, n := range nodes {
		if !n.Watcher && (n.State == "stopping" || n.State == "starting" || n.Hold.Kind == machine.Settling) && c.starts[n.Name] == nil {
			return // it has not been told of
		}
	}
	for _, r := range c.runs {
		if !r.passed.IsZero() && !slices.ContainsFunc(r.starts, func(s *start) bool { return s.ready == "" }) {
			c.told(r)
		}
	}
}

// told shows a run that has passed. The times of its stages are left out where they would take another row.
func (c *compact) told(r *run) {
	delete(c.runs, r.node)
	head := console.Line{{Text: "✓ ", Tone: console.Good}, {Text: r.cause + " · " + short(r.took)}}
	var stages, rest console.Line
	if len(r.stages)+len(r.reused) > 1 && len(r.stages) > 0 || len(r.stages) == 1 && strings.Contains(r.stages[0], "(") {
		stages = console.Line{{Text: " · " + strings.Join(r.stages, " · "), Tone: console.Dim}}
	}
	arrow := " → "
	for _, st := range r.starts {
		if st.ready == "" {
			st.run = nil // another run has overtaken it
			continue
		}
		rest = append(rest, console.Text{Text: arrow + st.node + " "}, console.Text{Text: st.ready, Tone: console.Good})
		arrow = ", "
		if c.starts[st.node] == st {
			delete(c.starts, st.node)
		}
	}
	for _, note := range r.notes {
		rest = append(rest, console.Text{Text: " · " + note})
	}
	if r.bare && len(rest) == 0 {
		return
	}
	room := c.opt.Console.Room()
	for _, reused := range reusedOf(r.reused, len(r.stages) == 0) {
		if line := append(slices.Clip(head), reused); room == 0 || line.Width()+rest.Width() <= room || reused.Tone == console.Dim {
			head = line
			break
		}
	}
	if room == 0 || head.Width()+stages.Width()+rest.Width() <= room {
		head = append(head, stages...)
	}
	c.opt.Console.Write(r.node, append(head, rest...))
}

// reusedOf says which stages of a run earlier passes stood for, and the same in few words; all: there was no other.
func reusedOf(stages []Report, all bool) []console.Text {
	if len(stages) == 0 {
		return nil
	}
	last, name := stages[0], console.Count(len(stages), "stage")
	if all && len(stages) == 1 {
		name = command(last.Stage)
	}
	var saves time.Duration
	warned := 0
	for _, r := range stages {
		saves += saved(r.Reuse, r.Took)
		warned += r.Warnings
		if r.Reuse.Passed.After(last.Reuse.Passed) {
			last.Reuse.Passed = r.Reuse.Passed
		}
		if r.Reuse.From != last.Reuse.From {
			last.Reuse.From = ""
		}
	}
	last.Reuse.Took, last.Took = saves, 0
	long := " · " + name + " " + reused(last)
	if warned > 0 {
		long += " (" + console.Count(warned, "warning") + ")"
	}
	return []console.Text{{Text: long}, {Text: fmt.Sprintf(" · %d reused", len(stages)), Tone: console.Dim}}
}

// stageFailure says which stage failed, and how; brief: in few words.
func stageFailure(r Report) (long, brief string) {
	what, how := " failed", " ("+ended(r.End)+")"
	switch r.Kind {
	case machine.StageTimedOut:
		what, how = " timed out", ""
	case machine.StageTolerated:
		how += ", allowed,"
	}
	return r.Stage + what + how + " after " + short(r.Took), command(r.Stage) + what + " · " + short(r.Took)
}

// command is the name of a stage for a list: its first words, as one without a name has its whole command.
func command(stage string) string {
	const most = 14
	if len(stage) <= most {
		return stage
	}
	if end := strings.LastIndex(stage[:most], " "); end > 0 {
		return stage[:end] + " …"
	}
	return stage
}

// brief is a short duration for a list: seconds have no unit.
func brief(d time.Duration) string {
	if d < 100*time.Millisecond || d >= time.Minute {
		return short(d)
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}
