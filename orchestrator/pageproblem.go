package orchestrator

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/livereload"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/proxy"
)

// problems say to pages what goes on, what has failed, and with which save.
type problems struct {
	report *reporter
	found  map[int]*found // by node
}

// found is what a run, or a generation, of a node has failed with.
type found struct {
	number  int
	first   *control.Diagnostic // nil: it has no place
	problem *livereload.Problem // nil: nothing is known
	count   int                 // of problems
	output  []byte              // its end; nil: nobody has wanted it
}

const (
	mostPaths  = 3        // of the files that broke something, so many are named
	outputTail = 64 << 10 // bytes that are shown of the output of what has failed
	linesRound = 4        // before and after the line that names a place
)

// explain adds to a state what goes on, and what is wrong.
func (p *problems) explain(is *livereload.State, v *view) {
	r, st, all := p.report, &v.all[v.subject], p.report.snapshot(v.all)
	if is.State == "ended" {
		is.Headline = "devloop is stopping"
		return
	}
	if m := v.mistakes; m != nil {
		is.Headline, is.Detail, is.Problems = "the configuration has mistakes", "the last good one goes on", len(m.Mistakes)
		if len(m.Mistakes) > 0 {
			first := m.Mistakes[0]
			is.Problem = &livereload.Problem{Message: first.Text, Excerpt: first.Hint}
			if file, err := filepath.Abs(first.File); err == nil && first.File != "" {
				is.Problem.Place, is.Problem.Link = r.screen.Locate(file, first.Line, first.Column)
			}
		}
		return
	}
	if !v.failed {
		is.Headline, is.Detail = all.Heading(v.subject, false, nil, is.Newest)
		p.usual(is, v.subject, st)
		return
	}
	verdict := all.Verdict(v.subject, r.history)
	is.Headline, is.Detail = all.Heading(v.subject, true, verdict.Stages, is.Newest)
	f := p.find(v.subject, st, &verdict)
	is.Problem, is.Problems = f.problem, f.count
	for _, b := range r.log.Broke(st.Name) {
		if b.Cycle == 0 || b.Boot != r.log.Boot() || st.Watcher && b.Stage != "" && !slices.Contains(verdict.Stages, b.Stage) {
			continue // nobody's, one that other numbers count, or another failure
		}
		is.Broke = &livereload.Broke{Cycle: b.Cycle, More: b.More + max(0, len(b.Paths)-mostPaths)}
		for _, file := range b.Paths[:min(len(b.Paths), mostPaths)] {
			is.Broke.Paths = append(is.Broke.Paths, r.screen.Paths([]string{file}))
		}
		break
	}
}

// startsAgain tells whether a process starts because it has crashed.
func (p *problems) startsAgain(st *machine.NodeStatus) bool {
	wake := p.report.history.Wake(st.Name)
	return wake != nil && wake.Why == machine.ByCrash
}

// usual adds how long a state usually takes, whose last part is the work of the node.
func (p *problems) usual(is *livereload.State, node int, st *machine.NodeStatus) {
	var usual time.Duration
	switch {
	case st.Watcher && st.State == "running":
		for _, group := range stageNames(p.report.plan(node)) {
			var longest time.Duration
			for _, stage := range group {
				longest = max(longest, p.report.history.Usual(st.Name, stage))
			}
			usual += longest
		}
	case !st.Watcher && (st.State == "starting" || st.Candidate != nil):
		usual = p.report.history.Usual(st.Name, "")
	}
	if usual > 0 {
		is.Usual = max(0, st.Since.UnixMilli()-is.At) + usual.Milliseconds()
	}
}

// find is what a node has failed with.
func (p *problems) find(node int, st *machine.NodeStatus, verdict *control.Verdict) *found {
	f := p.found[node]
	if f == nil || f.number != verdict.Number {
		f = &found{number: verdict.Number}
		p.found[node] = f
	}
	stages := verdict.Stages
	if !st.Watcher {
		stages = []string{""}
	}
	first, count, unplaced := p.report.history.First(st.Name, stages)
	f.count = count
	switch {
	case first != nil && first.Run == f.number:
		if f.first == nil || *f.first != *first { // else it is known
			f.first = first
			place, link := p.report.screen.Locate(first.File, first.Line, first.Column)
			f.problem = &livereload.Problem{Place: place, Link: link, Message: first.Message, Excerpt: p.excerpt(first)}
		}
	case unplaced != nil && unplaced.Run == f.number:
		f.count, f.problem = max(1, count), &livereload.Problem{Message: "no place is named; the last lines:", Excerpt: legible(strings.Join(unplaced.Tail, "\n"))}
	}
	return f
}

// excerpt is the output around the line that names a place; "" if that is no more than the problem itself.
func (p *problems) excerpt(d *control.Diagnostic) string {
	var output []byte
	for _, e := range p.report.journal.Read(journal.Query{Names: []string{d.Node}}) {
		if e.Run == d.Run && e.Part == d.Stage {
			output = append(output, e.Text...)
		}
	}
	lines := strings.Split(strings.TrimRight(string(output), "\n"), "\n")
	at := d.OutputLine - 1
	if at < 0 || at >= len(lines) {
		return "" // of so much output the beginning is not kept
	}
	text := legible(strings.Join(lines[max(0, at-linesRound):min(len(lines), at+linesRound+1)], "\n"))
	if !strings.Contains(text, "\n") && strings.Contains(text, d.Message) {
		return ""
	}
	return text
}

// legible is output as text, without colours and other control sequences.
func legible(output string) string {
	return strings.Trim(string(console.Sanitize(nil, []byte(output), false)), "\n")
}

// page is what takes the place of a server that does not answer.
func (p *problems) page(is *livereload.State, v *view, project string) *proxy.News {
	st := &v.all[v.subject]
	news := &proxy.News{Project: project, Headline: is.Headline, Detail: is.Detail, Failed: v.failed, Since: time.UnixMilli(is.At),
		Usual: time.Duration(is.Usual) * time.Millisecond, Problems: is.Problems, Dashboard: is.Dashboard}
	if is.Problem != nil {
		news.Place, news.Link, news.Message, news.Excerpt = is.Problem.Place, is.Problem.Link, is.Problem.Message, is.Problem.Excerpt
	}
	if b := is.Broke; b != nil {
		files := strings.Join(b.Paths, ", ")
		if b.More > 0 {
			files += fmt.Sprintf(" and %d more", b.More)
		}
		news.Broke = fmt.Sprintf("broke with save %d (%s)", b.Cycle, files)
	}
	if f := p.found[v.subject]; v.failed && f != nil {
		if f.output == nil {
			f.output = p.report.journal.Tail(st.Name, f.number, outputTail)
		}
		news.Output = f.output
	}
	return news
}
