package report

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// statusLine is the line below all others: what is going on, what has failed and is
// not fixed yet, or that all is well.
type statusLine struct {
	opt Options
	files
	failures *failures
	plans    map[string][][]string // of the runs, by watcher
	urls     map[string]string     // of the processes that are ready: their first
	mistake  string                // of the configuration; "" if it is valid
	paused   bool                  // watching is
	ends     int                   // how many nodes had to stop when the end began
	busy     time.Time             // since when something runs; zero: nothing does
	took     time.Duration         // how long the last save took to be live
	saved    bool                  // anything has been saved since the start
	title    string                // as the terminal's window has it
}

func newStatusLine(opt Options, f files, failures *failures) *statusLine {
	return &statusLine{opt: opt, files: f, failures: failures, plans: map[string][][]string{}, urls: map[string]string{}}
}

// report follows what the state of the nodes does not tell.
func (l *statusLine) report(r Report) {
	l.saved = l.saved || r.Why == machine.ByChange
	switch r.Kind {
	case machine.RunStarted:
		l.plans[r.Node] = r.Plan
	case machine.Ready:
		if len(r.URLs) > 0 {
			l.urls[r.Node] = r.URLs[0]
		}
	}
}

// broken follows mistakes in the configuration.
func (l *statusLine) broken(err error) {
	var mistakes schema.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		l.mistake = err.Error()
		return
	}
	m := mistakes[0]
	l.mistake = fmt.Sprintf("%s:%d:%d %s", filepath.Base(m.Pos.File), m.Pos.Line, m.Pos.Col, m.Msg)
	if len(mistakes) > 1 {
		l.mistake += fmt.Sprintf(" (+%d)", len(mistakes)-1)
	}
}

// activity is something that goes on, or that is said in the line. It does not
// change any more.
type activity struct {
	head  console.Line  // with the shape
	since time.Time     // of what runs; zero: nothing does
	usual time.Duration // how long it usually takes; 0: not known
	until time.Time     // when something happens by itself; zero: nothing does
	what  string        // stands before the time until then
	rest  []part
	short console.Line // stands for all of it after another one
}

// part is a part of what is said, with how important it is: what is less so is left out first where there is no room.
type part struct {
	console.Line
	weight weight
}

type weight int

const (
	minor weight = iota
	other
	placed    // where
	answering // which save answers
	weights   // how many there are
)

func (a *activity) add(weight weight, line console.Line) { a.rest = append(a.rest, part{line, weight}) }

func text(tone console.Tone, format string, args ...any) console.Line {
	return console.Line{{Text: fmt.Sprintf(format, args...), Tone: tone}}
}

// update composes the line anew.
func (l *statusLine) update(now Snapshot, ending bool) {
	all, shape := l.activities(now, ending)
	if title := l.opt.Style.Title; title != "" && shape+title != l.title {
		l.title = shape + title
		l.opt.Console.Title(shape + " " + title)
	}
	l.opt.Console.Status(func(now time.Time, columns int) (console.Line, time.Duration) { return drawn(all, now, columns-1) })
}

// activities are what the line says, the most important first, and the shape of the
// whole.
func (l *statusLine) activities(now Snapshot, ending bool) (all []activity, shape string) {
	if ending {
		return []activity{l.stopping(now)}, "■"
	}
	shape = "●"
	for i := range now.Nodes {
		all = append(all, l.running(now, i)...)
	}
	if at := time.Now(); len(all) > 0 && l.busy.IsZero() {
		l.busy = at
	} else if len(all) == 0 && !l.busy.IsZero() {
		l.busy, l.took = time.Time{}, at.Sub(l.busy)
	}
	if len(all) > 0 {
		shape = "◐"
		if now.Live.Answers > 0 && now.Live.State != "live" {
			all[0].add(answering, text(console.Plain, " · save %d is live", now.Live.Answers))
		}
	}
	if l.mistake != "" {
		all = append(all, activity{head: text(console.Bad, "✗ %s", l.mistake), short: text(console.Bad, "✗ devloop.yaml"),
			rest: []part{{text(console.Plain, " · the last valid one runs"), other}}})
	}
	for _, watcher := range []bool{false, true} { // a process that has failed is why a save is not live, whatever tests say
		for _, n := range now.Nodes {
			if f := l.failures.nodes[n.Name]; f != nil && !n.Gone && n.Watcher == watcher {
				all = append(all, l.failed(n, f, now))
			}
		}
	}
	if len(all) > 0 && shape == "●" {
		shape = "✗"
	}
	if l.paused {
		all = append(all, activity{head: text(console.Warn, "‖ paused, p goes on"), short: text(console.Warn, "‖ paused")})
	}
	for i, n := range now.Nodes {
		if n.State == "waiting" && n.Hold.Kind != machine.Paused && n.Hold.Kind != machine.UpstreamBusy && n.Hold.Kind != machine.UpstreamFailed && n.Hold.Kind != machine.Settling && n.Hold.Kind != machine.NotHeld {
			all = append(all, activity{head: text(console.Dim, "- %s %s", n.Name, now.hold(i)), short: text(console.Dim, "- %s", n.Name)})
		}
	}
	if len(all) == 0 {
		all = append(all, l.idle(now))
	}
	if shape == "●" && now.Live.State != "live" {
		shape = "◐"
	}
	return all, shape
}

// running is what a node is doing, if it is doing anything.
func (l *statusLine) running(now Snapshot, i int) []activity {
	n := now.Nodes[i]
	a := activity{short: text(console.Warn, "◐ %s", n.Name)}
	switch {
	case n.Gone, l.crashes(n.Name):
		return nil
	case n.Watcher && (n.State == "running" || n.State == "cancelling"):
		var names, shown []string
		for _, stage := range n.Stages {
			names, shown = append(names, stage.Name), append(shown, stage.Name)
			if does := now.remote(i, stage.Name); does != "" {
				shown[len(shown)-1] += " (" + does + ")"
			}
			if a.since.IsZero() || stage.Since.Before(a.since) {
				a.since, a.usual = stage.Since, now.Usual(n.Name, stage.Name)
			}
		}
		what := strings.Join(shown, ", ")
		if len(names) == 0 {
			what = "finishing"
		}
		a.head = console.Line{{Text: "◐ " + n.Name, Tone: console.Warn}, {Text: "  " + what}}
		if then := l.then(n.Name, names); then != "" {
			a.add(other, text(console.Dim, " then %s", then))
		}
	case n.State == "starting" || n.Candidate != nil && n.Candidate.New:
		a.head, a.since, a.usual = console.Line{{Text: "◐ " + n.Name, Tone: console.Warn}, {Text: "  starting"}}, n.Since, now.Usual(n.Name, "")
		if n.Candidate != nil {
			a.since = n.Candidate.Since
		}
	case n.State == "stopping":
		a.head, a.until = console.Line{{Text: "◐ " + n.Name, Tone: console.Warn}, {Text: "  stopping"}}, n.KillAt
		a.what = ", killed in"
	default:
		return nil
	}
	return []activity{a}
}

// crashes tells whether a process keeps crashing: it starts again and again.
func (l *statusLine) crashes(node string) bool {
	f := l.failures.nodes[node]
	return f != nil && f.times > 0
}

// then are the stages that follow those that run.
func (l *statusLine) then(node string, names []string) string {
	plan := l.plans[node]
	for i := len(plan) - 1; i >= 0; i-- {
		if slices.ContainsFunc(plan[i], func(name string) bool { return slices.Contains(names, name) }) {
			var steps []string
			for _, group := range plan[i+1:] {
				for _, name := range group {
					steps = append(steps, command(name))
				}
			}
			return strings.Join(steps, ", ")
		}
	}
	return ""
}

// failed is a node that has failed, and is not fixed yet.
func (l *statusLine) failed(n machine.NodeStatus, f *failed, now Snapshot) activity {
	a := activity{short: text(console.Bad, "✗ %s", n.Name)}
	place := console.Line{{Text: " · "}, {Text: f.place}}
	if f.first != nil {
		place[1].Link = l.link(*f.first)
	}
	if f.times == 0 {
		what := " failed"
		if f.dropped {
			what = "  new version failed"
		}
		a.head = text(console.Bad, "✗ %s%s", n.Name, what)
		a.add(minor, text(console.Bad, " at %s", f.at.Format("15:04:05")))
		if f.text != "" {
			a.add(other, text(console.Plain, " · %s", f.text))
		}
		if f.place != "" {
			a.add(placed, place)
		}
		if answers := now.Live.Meanwhile(); answers != "" {
			a.add(answering, text(console.Plain, " · %s", answers))
		}
		return a
	}
	times := ""
	if f.times > 1 {
		times = fmt.Sprintf(" ×%d", f.times)
	}
	a.head = text(console.Bad, "✗ %s %s%s", n.Name, f.text, times)
	switch {
	case n.Hold.Kind == machine.BackingOff:
		a.until, a.what = n.Hold.Until, " · next try in"
	case n.State == "starting", n.State == "ready":
		a.add(other, text(console.Plain, " · started again"))
	case n.State == "gave up":
		a.add(other, text(console.Plain, " · stays down until something changes"))
	}
	if f.place != "" {
		a.add(placed, place)
	}
	return a
}

// idle says that all is well.
func (l *statusLine) idle(now Snapshot) (a activity) {
	var urls []console.Line
	for _, n := range now.Nodes {
		if url := l.urls[n.Name]; url != "" && n.State == "ready" {
			urls = append(urls, console.Line{{Text: " · "}, {Text: url, Link: url}})
		}
	}
	switch {
	case now.Live.State == "building" && len(now.Live.Nodes) > 0: // it has just started, or has to end
		a.head = console.Line{{Text: "◐ " + strings.Join(now.Live.Nodes, ", "), Tone: console.Warn}, {Text: "  not up yet"}}
		return a
	case now.Live.State == "behind" && len(now.Live.Nodes) > 0: // stopped by hand, for example
		a.head = text(console.Plain, "- behind · %s", strings.Join(now.Live.Nodes, ", "))
		return a
	case now.Live.State != "live":
		a.head = text(console.Warn, "◐ starting")
		return a
	case serves(now):
		a.head = text(console.Good, "● live")
	default:
		a.head = text(console.Good, "● passed")
	}
	switch {
	case l.took == 0:
	case !l.saved:
		a.add(other, text(console.Plain, " · started in %s", short(l.took)))
	case now.Live.Cycle > 0:
		a.add(other, text(console.Plain, " · save %d in %s", now.Live.Cycle, short(l.took)))
	}
	for _, url := range urls {
		a.add(other, url)
	}
	return a
}

// serves tells whether any process is up.
func serves(now Snapshot) bool {
	return slices.ContainsFunc(now.Nodes, func(n machine.NodeStatus) bool {
		return !n.Watcher && !n.Gone && (n.State == "ready" || n.State == "unready")
	})
}

// stopping says whom the end waits for.
func (l *statusLine) stopping(now Snapshot) activity {
	var left []int
	for i, n := range now.Nodes {
		if n.Watcher && len(n.Stages) > 0 || !n.Watcher && (n.State == "starting" || n.State == "ready" || n.State == "unready" || n.State == "stopping" || n.Candidate != nil) {
			left = append(left, i)
		}
	}
	l.ends = max(l.ends, len(left))
	a := activity{head: text(console.Warn, "■ stopping %d of %d", len(left), l.ends)}
	first := -1
	for _, i := range left {
		if n := now.Nodes[i]; !n.KillAt.IsZero() && (first < 0 || n.KillAt.Before(now.Nodes[first].KillAt)) {
			first = i
		}
	}
	if first >= 0 {
		who := now.Nodes[first].Name
		if pids := now.PIDs(first); len(pids) > 0 {
			who += fmt.Sprintf(" (pid %d)", pids[0])
		}
		a.head = append(a.head, console.Text{Text: " · " + who + " is killed"})
		a.until, a.what = now.Nodes[first].KillAt, " in"
	}
	a.add(other, text(console.Plain, " · Ctrl-C kills now"))
	return a
}

// drawn is the line for so many cells, and after how long it says something else.
func drawn(all []activity, now time.Time, columns int) (line console.Line, next time.Duration) {
	var shorts []console.Line
	width, room := columns, columns
	for _, a := range all[1:] {
		short := append(text(console.Plain, " · "), a.short...)
		if room -= short.Width(); room < width/2 {
			break
		}
		shorts = append(shorts, short)
	}
	for _, s := range shorts {
		width -= s.Width()
	}
	first := all[0]
	line = append(slices.Clone(first.head), first.elapsed(now)...)
	width -= line.Width()
	fits := func(piece console.Line) bool {
		if piece.Width() > width {
			return false
		}
		width -= piece.Width()
		return true
	}
	var bar console.Line
	shown := make([]bool, len(first.rest))
	for weight := weights - 1; weight >= minor; weight-- {
		for i, p := range first.rest {
			if p.weight == weight {
				shown[i] = fits(p.Line)
			}
		}
		if b := first.bar(now); weight == placed && fits(b) {
			bar = b
		}
	}
	switch {
	case !first.since.IsZero():
		next = time.Second - now.Sub(first.since)%time.Second
		line = append(line, bar...)
	case first.until.After(now):
		next = first.until.Sub(now)%time.Second + time.Millisecond
	}
	for i, p := range first.rest {
		if shown[i] {
			line = append(line, p.Line...)
		}
	}
	for _, s := range shorts {
		line = append(line, s...)
	}
	if keys := text(console.Dim, " · ? keys"); line.Width()+keys.Width() <= columns {
		line = append(line, keys...)
	}
	return line, next
}

// elapsed is how long it has run, of how long it usually does, or when the wait ends.
func (a activity) elapsed(now time.Time) console.Line {
	switch {
	case !a.until.IsZero():
		if left := a.until.Sub(now); left > 0 {
			return text(console.Plain, "%s %s", a.what, seconds(left+time.Second-1))
		}
		return nil
	case a.since.IsZero():
		return nil
	}
	ran := now.Sub(a.since)
	switch {
	case a.usual >= time.Second:
		return text(console.Plain, " %s of ~%s", strings.TrimSuffix(seconds(ran), "s"), seconds(a.usual))
	case ran < time.Second:
		return nil
	}
	return text(console.Plain, " %s", seconds(ran))
}

// bar is how far it is, if it is known how long it takes.
func (a activity) bar(now time.Time) console.Line {
	const cells = 10
	if a.usual < time.Second {
		return nil
	}
	done := int(min(cells, cells*now.Sub(a.since)/a.usual))
	return text(console.Dim, " ▕%s%s▏", strings.Repeat("█", done), strings.Repeat("░", cells-done))
}

// seconds writes a duration in whole seconds.
func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }
