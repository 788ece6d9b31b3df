package orchestrator

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
	"devloop/orchestrator/warnings"
	"devloop/schema"
)

// self is the name that devloop's own lines carry when they are about no node.
const self = "devloop"

// teller puts what happens into words. It decides how things are said, never
// whether they are done.
type teller struct {
	l           *loop
	out         *console.Console
	output      *console.Spool    // of the stage whose end is being told
	stageWarned *warnings.Counter // of the same, and what it warned of
	ending      bool

	renewing map[int]bool   // processes whose restart has been told
	missed   map[int]string // programs whose absence has been told
	failing  map[int]bool   // nodes whose failure has been told
}

func newTeller(l *loop) *teller {
	return &teller{l: l, out: l.opt.Console, renewing: map[int]bool{}, failing: map[int]bool{}, missed: map[int]string{}}
}

// Names lists who may speak, for the width of the console's column.
func Names(nodes []string) []string { return append(append([]string{}, nodes...), self) }

func (t *teller) line(node int, tone console.Tone, format string, args ...any) {
	t.out.Say(t.l.graph.Nodes[node].Name, tone, fmt.Sprintf(format, args...))
}

// stream hands a command's output to the console as it comes.
func (t *teller) stream(name string) func(procgroup.Block) {
	lines, _ := t.streams(name)
	return lines
}

// streams is stream, and the same for a line that is not finished.
func (t *teller) streams(name string) (lines func(procgroup.Block), unfinished func([]byte)) {
	s := t.out.Stream(name)
	return func(b procgroup.Block) { s.Lines(b.Text, b.Continued) }, s.Unfinished
}

func (t *teller) held(s *sockets.Held) {
	t.out.Say(self, console.Plain, fmt.Sprintf("holding %s: %s", s.Name(), s))
}

func (t *teller) watching() {
	w := t.l.files.sight.watching()
	what := directories(w.Directories)
	if w.Polled > 0 {
		what += ", polling " + directories(w.Polled)
		if w.Directories == 0 {
			what = directories(w.Polled) + " by polling"
		}
	}
	t.out.Say(self, console.Dim, "watching "+what)
}

func (t *teller) interrupted() {
	text := "stopping; once more kills at once"
	if t.ending {
		text = "killing what is left"
	}
	t.ending = true
	t.out.Say(self, console.Plain, text)
}

// nothingTo says that a command by hand fits no node.
func (t *teller) nothingTo(verb machine.Verb) {
	text := "no watcher to run"
	if verb == machine.Restart {
		text = "no process to restart: one with `start: false` is started by `devloop start NAME`"
	}
	t.out.Say(self, console.Plain, text)
}

func (t *teller) warn(text string) { t.out.Say(self, console.Warn, text) }

func (t *teller) notice(text string) { t.out.Say(self, console.Warn, text) }

func directories(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "1 directory"
	}
	return fmt.Sprintf("%d directories", n)
}

func (t *teller) trouble(node int, err error) { t.line(node, console.Bad, "%v", err) }

func (t *teller) advice(a adviceEvent) {
	t.line(a.node, console.Warn, "! %s", a.text)
	if a.hint != "" {
		t.line(a.node, console.Warn, "  hint: %s", a.hint)
	}
}

// missing gives the same advice of a node only once.
func (t *teller) missing(a adviceEvent) {
	if t.missed[a.node] != a.text {
		t.missed[a.node] = a.text
		t.advice(a)
	}
}

// turn calls for attention when a node begins to fail, or is well again.
func (t *teller) turn(r machine.Report) {
	var text string
	var failed bool
	switch r.Kind {
	case machine.RunFailed, machine.GaveUp, machine.Dropped, machine.Crashed, machine.Unready:
		failed, text = true, t.name(r.Node)+" failed"
	case machine.RunPassed:
		text = t.name(r.Node) + " passed again"
	case machine.Ready:
		text = t.name(r.Node) + " is ready again"
	default:
		return
	}
	if t.failing[r.Node] != failed && !t.ending && t.l.opt.Hooks.Turn != nil {
		t.l.opt.Hooks.Turn(failed, text)
	}
	t.failing[r.Node] = failed
}

// report words what the machine reports.
func (t *teller) report(r machine.Report) {
	t.turn(r)
	switch r.Kind {
	case machine.RunStarted, machine.RunPassed, machine.RunFailed, machine.RunCancelled, machine.Held,
		machine.Waits, machine.Blocked, machine.NotRun, machine.Slowed:
		t.run(r)
	case machine.StageStarted, machine.StagePassed, machine.StageFailed, machine.StageTolerated,
		machine.StageTimedOut, machine.StageCancelled, machine.StageSkipped:
		t.stage(r)
	case machine.StillWaiting:
		t.out.Say(self, console.Warn, "waiting for "+t.who(r.Node)+" to end")
	default:
		t.process(r)
	}
}

func (t *teller) run(r machine.Report) {
	switch r.Kind {
	case machine.RunStarted:
		if begin := t.l.opt.Hooks.Begin; begin != nil && r.Why == machine.ByChange {
			begin()
		}
		t.line(r.Node, console.Plain, "● %s: %s", t.cause(r), t.plan(r.Node))
	case machine.RunCancelled:
		t.line(r.Node, console.Dim, "- cancelled after %s", short(r.Took))
	case machine.RunPassed:
		switch {
		case r.Stale:
			t.line(r.Node, console.Good, "✓ passed in %s, but files have changed since", short(r.Took))
		default:
			t.line(r.Node, console.Good, "✓ passed in %s", short(r.Took))
		}
	case machine.RunFailed:
		text := "✗ failed"
		if r.End.Err != "" {
			text += ": " + r.End.Err
		}
		if serving := t.serving(r.Node); serving != "" && !t.ending {
			text += "; " + serving
		}
		t.line(r.Node, console.Bad, "%s", text)
	case machine.Held:
		t.line(r.Node, console.Dim, "- waits: %s failed", t.name(r.By))
	case machine.Waits:
		t.line(r.Node, console.Dim, "- waits for %s %s", t.name(r.By), awaited(r.Need))
	case machine.Blocked:
		t.line(r.Node, console.Warn, "! waits for %s %s, which %s", t.name(r.By), awaited(r.Need), t.became(r.By, t.l.machine.Status()[r.By]))
	case machine.NotRun:
		did := "not run"
		if r.Num > 0 {
			did = "not finished"
		}
		t.line(r.Node, console.Warn, "- %s: %s %s", did, t.name(r.By), t.became(r.By, t.l.machine.Status()[r.By]))
	case machine.Slowed:
		t.slowed(r)
	}
}

// slowed says that a node waits because it keeps changing what it watches, or
// seems to.
func (t *teller) slowed(r machine.Report) {
	again, writer := "restart", r.Node
	if t.l.graph.Nodes[r.Node].Watcher != nil {
		again = "run"
	}
	if r.By >= 0 {
		writer = r.By
	}
	command := t.name(writer)
	if r.Stage != "" {
		command = "stage " + r.Stage
		if r.By >= 0 {
			command += " of " + t.name(writer)
		}
	}
	file, wait := t.paths(r.Paths), short(time.Until(r.Until))
	if r.Known {
		what := "wakes itself"
		if r.By >= 0 {
			what = t.name(r.By) + " and it wake each other"
		}
		t.line(r.Node, console.Warn, "! %s: %s writes %s; next %s in %s", what, command, file, again, wait)
		t.line(r.Node, console.Warn, "  hint: add the file to `ignore`, or watch only what people write")
		return
	}
	while := fmt.Sprintf("%s after %s starts", short(r.Took), command)
	switch {
	case r.Stage != "":
		while = "while " + command + " runs"
	case r.Took == 0:
		while = "while " + command + " had it open"
	}
	t.line(r.Node, console.Warn, "! %s has changed %d times in a row %s; next %s in %s", file, r.Times, while, again, wait)
	t.line(r.Node, console.Warn, "  hint: if %s writes it, add the file to `ignore`; what people save waits for a second at most", command)
}

func (t *teller) stage(r machine.Report) {
	name := r.Stage
	shown := t.l.opt.Stream
	switch r.Kind {
	case machine.StageStarted:
		if shown {
			t.line(r.Node, console.Dim, "▸ %s", name)
		}
	case machine.StagePassed:
		t.line(r.Node, console.Good, "✓ %s  %s%s", name, short(r.Took), t.warnings())
	case machine.StageSkipped:
		t.line(r.Node, console.Dim, "- %s skipped: nothing it looks at has changed", name)
	case machine.StageFailed:
		t.replay(r.Node)
		t.line(r.Node, console.Bad, "✗ %s  %s after %s", name, r.End, short(r.Took))
	case machine.StageTolerated:
		t.replay(r.Node)
		t.line(r.Node, console.Warn, "! %s  %s after %s, allowed", name, r.End, short(r.Took))
	case machine.StageTimedOut:
		t.replay(r.Node)
		t.line(r.Node, console.Bad, "✗ %s  timed out after %s", name, short(r.Took))
	}
}

// warnings counts those of the stage that is being told of, with the first.
func (t *teller) warnings() string {
	if t.stageWarned == nil {
		return ""
	}
	switch n, first := t.stageWarned.Count(); n {
	case 0:
		return ""
	case 1:
		return ", 1 warning: " + first
	default:
		return fmt.Sprintf(", %d warnings: %s", n, first)
	}
}

// awaited says what is wanted of a dependency.
func awaited(need schema.Condition) string {
	switch need {
	case schema.Passed:
		return "to pass"
	case schema.Started:
		return "to start"
	case schema.Succeeded:
		return "to succeed"
	}
	return "to be ready"
}

// replay shows the whole output of the stage that is being told of.
func (t *teller) replay(node int) {
	if t.output == nil {
		return
	}
	t.out.Replay(t.name(node), t.output) // which closes it
	t.output = nil
}

func (t *teller) process(r machine.Report) {
	switch r.Kind {
	case machine.Starting:
		switch {
		case t.l.running(r.Node):
			t.line(r.Node, console.Plain, "▸ starting a new version beside the old one: %s", t.cause(r))
		case t.renewing[r.Node]: // the stop has said why
		case r.Why == machine.ByStart:
			t.line(r.Node, console.Plain, "▸ starting")
		case r.Why == machine.ByCrash:
			t.line(r.Node, console.Plain, "▸ starting again")
		default:
			t.line(r.Node, console.Plain, "▸ starting: %s", t.cause(r))
		}
		delete(t.renewing, r.Node)
	case machine.Ready:
		if probed(t.l.cfg, t.l.graph.Nodes[r.Node].Process) {
			t.line(r.Node, console.Good, "✓ ready in %s%s", short(r.Took), t.l.urls(r.Node))
		}
	case machine.Unready:
		t.line(r.Node, console.Warn, "! not ready after %s; it is left running", short(r.Took))
		t.lacks(r)
	case machine.Reloading:
		t.line(r.Node, console.Plain, "↻ reloading: %s", t.cause(r))
	case machine.Stopping:
		switch {
		case r.Why == machine.ByShutdown:
			t.line(r.Node, console.Dim, "■ stopping")
		case t.l.graph.Nodes[r.Node].Gone:
			t.line(r.Node, console.Plain, "■ stopping: it is not in the configuration any more")
		case r.Why == machine.ByUpdate:
			t.line(r.Node, console.Dim, "■ stopping the old version")
		case r.Why == machine.ByChecking:
			t.line(r.Node, console.Plain, "■ stopping: %s; requests wait for what comes of it", t.cause(r))
		case t.isNew(r):
			t.line(r.Node, console.Plain, "↻ replacing the new version: %s", t.cause(r))
		case r.Why == machine.ByHand && t.l.stream.byHand[r.Node] == machine.Stop:
			t.line(r.Node, console.Plain, "■ stopping: %s", t.cause(r))
		default:
			t.renewing[r.Node] = true
			t.line(r.Node, console.Plain, "↻ restarting: %s", t.cause(r))
		}
	case machine.Killing:
		t.line(r.Node, console.Warn, "! still running after %s: killing it", short(t.l.graph.Nodes[r.Node].Process.Stop.Timeout))
	case machine.Ended:
		tone := console.Plain
		if !r.End.OK() {
			tone = console.Bad
		}
		t.line(r.Node, tone, "ended: %s", r.End)
	case machine.AwaitsPass:
		why := r.End.String()
		if r.End.Err != "" {
			why = "nothing to run" // it has never been built, most likely
		}
		t.line(r.Node, console.Dim, "- cannot run yet (%s): waits for %s to pass", why, t.name(r.By))
	case machine.Crashed:
		t.line(r.Node, console.Bad, "✗ %s after %s; starting again in %s", r.End, short(r.Took), short(time.Until(r.Until)))
	case machine.Dropped:
		why := fmt.Sprintf("was not ready after %s", short(r.Took))
		if (r.End != machine.End{}) {
			why = fmt.Sprintf("ended after %s: %s", short(r.Took), r.End)
		}
		t.line(r.Node, console.Bad, "✗ the new version %s; it is dropped, the old one keeps serving", why)
		if (r.End == machine.End{}) {
			t.lacks(r)
		}
	case machine.Lost:
		t.line(r.Node, console.Bad, "✗ the old version ended: %s; the new one is starting", r.End)
	case machine.GaveUp:
		times := "once"
		if r.Times > 1 {
			times = fmt.Sprintf("%d times in a row", r.Times)
		}
		t.line(r.Node, console.Bad, "✗ %s after %s, %s; it stays down until something changes", r.End, short(r.Took), times)
	}
}

// lacks tells what a generation that was not ready in time still lacked.
func (t *teller) lacks(r machine.Report) {
	if c := t.l.live[commandKey{r.Node, r.Num, wholeProcess}]; c != nil && c.lacks.String() != "" {
		t.line(r.Node, console.Warn, "  the last check: %s", c.lacks.String())
	}
}

// isNew tells whether the report is about a generation that has not taken over.
func (t *teller) isNew(r machine.Report) bool {
	c := t.l.machine.Status()[r.Node].Candidate
	return c != nil && c.New && c.Num == r.Num
}

func (t *teller) name(node int) string { return t.l.graph.Nodes[node].Name }

// who names a node with what keeps it: its pid.
func (t *teller) who(node int) string {
	for key, c := range t.l.live {
		if key.node == node && c.group != nil {
			return fmt.Sprintf("%s (pid %d)", t.name(node), c.group.PID())
		}
	}
	return t.name(node)
}

// plan lists the stages that a run may go through.
func (t *teller) plan(node int) string {
	var steps []string
	for _, group := range t.l.plan(node).Groups() {
		var names []string
		for _, s := range group {
			names = append(names, s.Name)
		}
		steps = append(steps, strings.Join(names, " | "))
	}
	return strings.Join(steps, " → ")
}

// cause says why something starts or stops.
func (t *teller) cause(r machine.Report) string {
	switch r.Why {
	case machine.ByStart:
		return "first run"
	case machine.ByTrigger:
		return t.name(r.By) + " passed"
	case machine.ByHand:
		return "by hand"
	case machine.ByPass:
		return "its upstream has passed"
	case machine.ByDependency:
		return t.name(r.By) + " was restarted"
	case machine.ByChecking:
		return t.name(r.By) + " is checking"
	case machine.ByConfig:
		return "the configuration has changed"
	case machine.ByChecked:
		return "the checks have passed"
	case machine.ByChange:
		return t.paths(r.Paths) + " changed"
	}
	return string(r.Why)
}

// paths names the first of the changed files.
func (t *teller) paths(paths []string) string {
	const most = 2
	if len(t.l.disk.Hung()) == 0 { // else to look could take for ever
		paths = present(paths)
	}
	var shown []string
	for i, p := range paths {
		if i == most && len(paths) > most+1 {
			return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), len(paths)-most)
		}
		if rel, err := filepath.Rel(t.l.cfg.Dir, p); err == nil {
			p = rel
		}
		shown = append(shown, console.Name(p))
	}
	return strings.Join(shown, ", ")
}

// present leaves out what is gone already, such as the file that an editor
// wrote first and then renamed, as long as anything else is left to name.
func present(paths []string) []string {
	const looks = 16 // more are not shown, and a storm has thousands
	if len(paths) < 2 || len(paths) > looks {
		return paths
	}
	there := slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		_, err := os.Lstat(p)
		return err != nil
	})
	if len(there) == 0 {
		return paths
	}
	return there
}

// serving says which processes downstream of a failed watcher still run.
func (t *teller) serving(node int) string {
	var names []string
	seen := map[int]bool{}
	var visit func(int)
	visit = func(n int) {
		for _, d := range t.l.graph.Downstream(n) {
			if seen[d] {
				continue
			}
			seen[d] = true
			if t.l.running(d) {
				names = append(names, t.name(d))
			}
			visit(d)
		}
	}
	visit(node)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " keeps running as it was"
	}
	return strings.Join(names, ", ") + " keep running as they were"
}

// running tells whether a process has a live generation.
func (l *loop) running(node int) bool {
	for key := range l.live {
		if key.node == node && key.stage == wholeProcess {
			return true
		}
	}
	return false
}

// urls lists where the process's http sockets are found.
func (l *loop) urls(node int) string {
	text := ""
	for _, ref := range l.graph.Nodes[node].Process.Sockets {
		if s := l.sockets.Named(ref.Name); s != nil && s.URL() != "" {
			text += "  " + s.URL()
		}
	}
	return text
}

// short writes a duration with as many digits as people read.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
