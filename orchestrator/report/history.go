package report

import (
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/diagnostics"
	"devloop/orchestrator/machine"
)

// History records of each node, by name, what is asked for later. One goroutine owns it.
type History struct{ nodes map[string]past }

type past struct {
	asked   machine.Verb // by hand, last
	wake    *Wake
	failure *failure
	missing string            // the program that is missing and how to get it, until the node passes or serves
	stages  map[string]Report // by name, each as it ended last, if its output complained of something
	plan    map[string]control.PlannedStage
	took    durations
}

// Wake is what made a node start or stop, and when.
type Wake struct {
	Report
	At time.Time
}

// failure is what failed, to find its output.
type failure struct {
	Number int      // the run or generation
	Stages []string // of a watcher
}

// NewHistory remembers nothing yet.
func NewHistory() *History { return &History{map[string]past{}} }

// Missing remembers that a program of a node is missing, and how to get it.
func (h *History) Missing(node, text, hint string) {
	p := h.nodes[node]
	if p.missing = text; hint != "" {
		p.missing += ": " + hint
	}
	h.nodes[node] = p
}

// Asked remembers what was asked of a node by hand.
func (h *History) Asked(node string, verb machine.Verb) {
	p := h.nodes[node]
	p.asked = verb
	h.nodes[node] = p
}

// LastAsked is what was asked of a node by hand last; "" if nothing was.
func (h *History) LastAsked(node string) machine.Verb { return h.nodes[node].asked }

// Wake is what woke a node last; nil if nothing has.
func (h *History) Wake(node string) *Wake { return h.nodes[node].wake }

// Forget clears what is known of a node.
func (h *History) Forget(node string) { delete(h.nodes, node) }

// ended records what a stage complained of.
func (p *past) ended(r Report) {
	delete(p.stages, r.Stage)
	if len(r.Problems)+len(r.Tail) == 0 {
		return
	}
	if p.stages == nil {
		p.stages = map[string]Report{}
	}
	r.Output = nil
	p.stages[r.Stage] = r
}

// Failed tells whether this generation of a process, or run of a watcher, is the one that failed last.
func (h *History) Failed(node string, number int) bool {
	f := h.nodes[node].failure
	return f != nil && f.Number == number
}

// Complains records what a generation of a process that has failed complained of: it stands for a stage without a name.
// False: another one has begun to fail since then.
func (h *History) Complains(node string, generation int, problems []Problem, tail []string) bool {
	if !h.Failed(node, generation) {
		return false
	}
	p := h.nodes[node]
	p.ended(Report{Report: machine.Report{Node: node, Num: generation}, Problems: problems, Tail: tail})
	h.nodes[node] = p
	return true
}

// Diagnostics are the complaints of a node's stages in their last runs, in the order of stages.
func (h *History) Diagnostics(node string, stages []string) (all []control.Diagnostic, unplaced []control.Unplaced) {
	for _, stage := range stages {
		r := h.nodes[node].stages[stage]
		for i := range r.Problems {
			all = append(all, diagnostic(node, &r, i))
		}
		if r.More > 0 || len(r.Tail) > 0 {
			unplaced = append(unplaced, rest(node, &r))
		}
	}
	return all, unplaced
}

// First is what a node's stages complained of first, an error if there is one; how much they complained of in all; and the
// stage that names no place; nil: there is none.
func (h *History) First(node string, stages []string) (first *control.Diagnostic, count int, unplaced *control.Unplaced) {
	for _, stage := range stages {
		r := h.nodes[node].stages[stage]
		count += len(r.Problems) + r.More
		for i := range r.Problems {
			if first == nil || first.Severity != "error" && r.Problems[i].Severity == diagnostics.Error {
				d := diagnostic(node, &r, i)
				first = &d
			}
		}
		if unplaced == nil && len(r.Tail) > 0 {
			u := rest(node, &r)
			unplaced = &u
		}
	}
	return first, count, unplaced
}

// diagnostic is one problem of a stage that has ended.
func diagnostic(node string, r *Report, i int) control.Diagnostic {
	p := &r.Problems[i]
	return control.Diagnostic{Node: node, Stage: r.Stage, Run: r.Num, File: p.File, Line: p.Line, Column: p.Column,
		Severity: string(p.Severity), Message: p.Message, Source: p.Source, OutputLine: p.At}
}

// rest is what such a stage complained of beyond its problems.
func rest(node string, r *Report) control.Unplaced {
	return control.Unplaced{Node: node, Stage: r.Stage, Run: r.Num, More: r.More, Tail: r.Tail}
}

// stage records the state of a stage.
func (p *past) stage(r *Report) {
	s := control.PlannedStage{Name: r.Stage, State: strings.TrimPrefix(string(r.Kind), "stage "), Run: r.Num, Took: r.Took, Problems: len(r.Problems) + r.More, Reuse: controlReuse(r)}
	switch r.Kind {
	case machine.StageStarted:
		s.State, s.Since = "running", control.Moment(time.Now())
	case machine.StageSkipped:
	default:
		s.Since = p.plan[r.Stage].Since
	}
	if p.plan == nil {
		p.plan = map[string]control.PlannedStage{}
	}
	p.plan[r.Stage] = s
}

// Plan is the state of all stages of a watcher, whose names are given in groups; run is the one that goes on, 0 if none
// does.
func (h *History) Plan(node string, groups [][]string, run int) (all []control.PlannedStage) {
	for i, names := range groups {
		for _, name := range names {
			s, ok := h.nodes[node].plan[name]
			switch {
			case run > 0 && (!ok || s.Run != run):
				s = control.PlannedStage{Name: name, State: "waiting"}
			case !ok:
				s = control.PlannedStage{Name: name, State: "not run"}
			}
			s.Group, s.Usual = i, h.Usual(node, name)
			all = append(all, s)
		}
	}
	return all
}

// Report records what later questions need.
func (h *History) Report(r Report) {
	p := h.nodes[r.Node]
	switch r.Kind {
	case machine.StagePassed:
		p.lasted(r.Stage, r.Took)
		p.ended(r)
	case machine.StageFailed, machine.StageTolerated, machine.StageTimedOut, machine.StageReused:
		p.ended(r)
	case machine.Ready:
		p.lasted("", r.Took)
		h.nodes[r.Node] = p
	}
	if r.Kind.OfStage() {
		p.stage(&r)
		h.nodes[r.Node] = p
	}
	switch r.Kind {
	case machine.RunStarted, machine.Starting, machine.Stopping, machine.Reloading:
		if r.Why == machine.ByShutdown || r.Why == machine.ByUpdate { // the new version has said why
			return
		}
		r.Paths = slices.Clone(r.Paths)
		p.wake = &Wake{r, time.Now()}
	case machine.StageFailed, machine.StageTimedOut:
		if p.failure == nil || p.failure.Number != r.Num {
			p.failure = &failure{Number: r.Num}
		}
		p.failure.Stages = append(p.failure.Stages, r.Stage)
	case machine.Crashed, machine.AwaitsPass, machine.GaveUp, machine.Dropped, machine.Lost, machine.Unready, machine.Ended:
		p.failure = &failure{Number: r.Num}
	case machine.RunPassed, machine.Ready:
		p.missing = ""
	default:
		return
	}
	h.nodes[r.Node] = p
}
