package report

import (
	"fmt"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
)

// self is the name that devloop's own lines carry when they are about no node.
const self = "devloop"

// Names lists the names on the screen, for the width of the console's column.
func Names(nodes []string) []string { return append(append([]string{}, nodes...), self) }

// Screen puts what happens into words. It decides how things are said, never whether they are done. One
// goroutine owns it.
type Screen struct {
	opt Options
	files
	out    *console.Console
	ending bool
	nodes  map[string]*told

	compact  *compact
	status   *statusLine
	failures *failures
}

// told is what was already shown of a node.
type told struct {
	restarting bool // its stop has been told, as half of a restart
	failing    bool
	missing    string // a program that is not there
}

// NewScreen makes a screen that has shown nothing yet.
func NewScreen(opt Options) *Screen {
	s := &Screen{opt: opt, out: opt.Console, nodes: map[string]*told{}, files: files{opt.Dir, opt.Gone, opt.Style.Link}}
	s.failures = newFailures(s.files)
	if opt.Style.Compact {
		s.compact = newCompact(opt, s.files, s.failures)
	}
	if opt.Style.Status {
		s.status = newStatusLine(opt, s.files, s.failures)
	}
	return s
}

// Rested takes in the state of the nodes, before the loop waits for what comes next.
func (s *Screen) Rested(state func() Snapshot) {
	if s.compact == nil && s.status == nil {
		return
	}
	now := state()
	for node, text := range s.failures.up(now.Nodes) {
		s.out.Runs(node)
		s.Line(node, console.Good, "✓ %s", text)
	}
	if s.compact != nil {
		s.compact.rested(now.Nodes)
	}
	if s.status != nil {
		s.status.update(now, s.ending)
	}
}

// Close drops what is kept for later.
func (s *Screen) Close() {
	for node := range s.failures.outputs {
		s.failures.keep(node, nil)
	}
}

// Forget clears what was shown of a node.
func (s *Screen) Forget(node string) {
	delete(s.nodes, node)
	s.failures.forget(node)
}

func (s *Screen) told(node string) *told {
	t := s.nodes[node]
	if t == nil {
		t = &told{}
		s.nodes[node] = t
	}
	return t
}

// Line shows a line about a node.
func (s *Screen) Line(node string, tone console.Tone, format string, args ...any) {
	s.out.Say(node, tone, fmt.Sprintf(format, args...))
}

func (s *Screen) self(tone console.Tone, text string) { s.out.Say(self, tone, text) }

// Note shows what is good to know about no particular node.
func (s *Screen) Note(text string) { s.self(console.Plain, text) }

// Notice shows a message about no particular node.
func (s *Screen) Notice(text string) { s.self(console.Warn, text) }

// Editor is the one that links lead to, by the scheme of their addresses, such as "vscode"; "": none is known.
func (s *Screen) Editor() string {
	_, link := s.Locate("x", 1, 1)
	name, _, _ := strings.Cut(link, ":")
	return name
}

// Locate is a place in a file as it is shown, and a link to it in an editor; "": there is none.
func (s *Screen) Locate(file string, line, column int) (place, link string) {
	p := Problem{File: file, Line: line, Column: column}
	if link = s.link(p); strings.HasPrefix(link, "file:") {
		link = ""
	}
	return s.place(p), link
}

// Trouble shows an error about a node.
func (s *Screen) Trouble(node string, err error) { s.Line(node, console.Bad, "%v", err) }

// Advice shows a message about a node, with a hint unless it is "".
func (s *Screen) Advice(node, text, hint string) {
	s.Line(node, console.Warn, "! %s", text)
	if hint != "" {
		s.Line(node, console.Warn, "  hint: %s", hint)
	}
}

// Missing shows that a program of a node is missing, the same only once.
func (s *Screen) Missing(node, text, hint string) {
	if t := s.told(node); t.missing != text {
		t.missing = text
		s.Advice(node, text, hint)
	}
}

// Holding shows a socket that is now held, and its address.
func (s *Screen) Holding(socket, address string) {
	s.self(console.Plain, "holding "+socket+": "+address)
}

// Dashboard shows where the dashboard is.
func (s *Screen) Dashboard(address string) {
	s.self(console.Plain, "dashboard: "+address+" (`devloop open`)")
}

// Released shows a socket that is not held any more.
func (s *Screen) Released(socket, address string) {
	s.self(console.Dim, "released "+socket+": "+address)
}

// Watching shows how many directories are watched, and how many are polled.
func (s *Screen) Watching(watched, polled int) {
	if s.compact != nil && polled == 0 {
		return
	}
	what := directories(watched)
	if polled > 0 {
		what += ", polling " + directories(polled)
		if watched == 0 {
			what = directories(polled) + " by polling"
		}
	}
	s.self(console.Dim, "watching "+what)
}

func directories(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "1 directory"
	}
	return fmt.Sprintf("%d directories", n)
}

// Interrupted shows that the loop begins to end, or that what is left is killed.
func (s *Screen) Interrupted() {
	if s.ending {
		s.Ending("killing what is left")
	} else if s.status != nil {
		s.ending = true // it says whom it waits for
	} else {
		s.Ending("stopping… Ctrl-C again kills everything")
	}
}

// Ending shows why the loop ends. What stops from then on needs no attention.
func (s *Screen) Ending(text string) {
	s.ending = true
	s.self(console.Plain, text)
}

// NothingTo shows that a command by hand fits no node.
func (s *Screen) NothingTo(verb machine.Verb) {
	text := "no watcher to run"
	if verb == machine.Restart {
		text = "no process to restart; `devloop start NAME` starts one with `start: false`"
	}
	s.self(console.Plain, text)
}

// Report shows a report of the machine.
func (s *Screen) Report(r Report) {
	s.turn(r)
	s.failures.record(r)
	if s.compact == nil || !s.compact.report(r) {
		s.plain(r)
	}
	s.failures.recovered(r)
	if s.status != nil {
		s.status.report(r)
	}
}

// Place says where a generation of a process has failed: at the first of these problems, if there are any.
func (s *Screen) Place(node string, generation int, problems []Problem) {
	if f := s.failures.nodes[node]; f != nil && f.num == generation {
		if f.first, f.place = nil, ""; len(problems) > 0 {
			f.first, f.place = &problems[0], s.place(problems[0])
		}
	}
}

// plain shows a report in the same words wherever it goes.
func (s *Screen) plain(r Report) {
	switch r.Kind {
	case machine.RunStarted, machine.RunPassed, machine.RunFailed, machine.RunCancelled:
		s.run(r)
	case machine.Held, machine.Waits, machine.Blocked, machine.NotRun, machine.Slowed:
		s.wait(r)
	case machine.StillWaiting:
		who := r.Node
		if r.PID != 0 {
			who = fmt.Sprintf("%s (pid %d)", r.Node, r.PID)
		}
		s.Notice("waiting for " + who + " to end")
	default:
		if r.Kind.OfStage() {
			s.stage(r)
		} else {
			s.process(r)
		}
	}
}

// turn calls for attention when a node begins to fail, or recovers.
func (s *Screen) turn(r Report) {
	var text string
	var failed bool
	switch r.Kind {
	case machine.RunFailed, machine.GaveUp, machine.Dropped, machine.Crashed, machine.Unready:
		failed, text = true, r.Node+" failed"
	case machine.RunPassed:
		text = r.Node + " passed again"
	case machine.Ready:
		text = r.Node + " is ready again"
	default:
		return
	}
	t := s.told(r.Node)
	if t.failing != failed && !s.ending && s.opt.Hooks.Turn != nil {
		s.opt.Hooks.Turn(failed, text, r.Took)
	}
	t.failing = failed
}
