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

// failed is a node that has failed, until it passes, or is up, again.
type failed struct {
	num   int
	since time.Time // of the first failure in a row
	at    time.Time // of the last
	saves int       // since then
	text  string    // such as "build: 120 problems"
	place string    // of the first problem, as it is shown
	first *diagnostics.Problem
	times int // of a process, in a row

	dropped bool // it is a new version, and the old one still answers
}

// failures are the nodes that have failed and are not fixed yet, by name. Keys for
// what has failed find it here, in the loop's goroutine: which nodes to run again, the
// first problem (failed.first) to open or to copy, the output of the stage to show
// (outputs; Console.Replay takes it over).
type failures struct {
	files
	nodes   map[string]*failed
	outputs map[string]*console.Spool // of the stage that failed last
}

func newFailures(f files) *failures {
	return &failures{f, map[string]*failed{}, map[string]*console.Spool{}}
}

// record follows what has failed, before a report is shown.
func (s *failures) record(r Report) {
	f := s.nodes[r.Node]
	switch r.Kind {
	case machine.RunStarted:
		if f != nil && r.Why == machine.ByChange {
			f.saves++
		}
	case machine.Starting:
		if f != nil && (r.Why == machine.ByChange || r.Why == machine.ByTrigger) {
			f.saves++
		}
	case machine.StageFailed, machine.StageTimedOut:
		if f = s.fails(r); f.text != "" {
			return // another stage of the run was first
		}
		switch n := len(r.Problems) + r.More; {
		case n > 0:
			f.text = r.Stage + ": " + console.Count(n, "problem")
			f.first = &r.Problems[0]
			for i := range r.Problems {
				if rank(r.Problems[i]) < rank(*f.first) {
					f.first = &r.Problems[i]
				}
			}
			f.place = s.place(*f.first)
		case r.Kind == machine.StageTimedOut:
			f.text = r.Stage + " timed out"
		default:
			f.text = r.Stage + ": " + ended(r.End)
		}
		if flaky(r) != "" {
			f.text += ", may be flaky"
		}
	case machine.RunFailed:
		if f = s.fails(r); r.End.Err != "" || f.text == "" {
			f.text = r.End.Err
		}
	case machine.Crashed, machine.GaveUp, machine.Dropped, machine.Lost, machine.Ended:
		if r.Kind == machine.Ended && r.End.OK() {
			return
		}
		f = s.fails(r)
		if f.dropped = r.Kind == machine.Dropped; f.dropped && r.End == (machine.End{}) {
			f.text = "not ready after " + short(r.Took)
			return
		}
		if f.text, f.times = ended(r.End), r.Times; r.Kind == machine.Ended {
			f.times = 1 // it may end so again
		}
		if r.End.Because != "" {
			f.text += ": " + r.End.Because
		}
	case machine.Unready:
		s.fails(r).text = "not ready after " + short(r.Took)
	}
}

// fails is the failure of a node, which goes on or begins.
func (s *failures) fails(r Report) *failed {
	now := time.Now()
	f := s.nodes[r.Node]
	switch {
	case f == nil:
		f = &failed{since: now}
		s.nodes[r.Node] = f
	case f.num != r.Num:
		if f.text, f.dropped = "", false; r.Times < 2 { // a process that crashes again does so at the same place until it is known better
			f.place, f.first = "", nil
		}
	}
	f.num, f.at = r.Num, now
	return f
}

// recovered forgets what has passed, or is up, again.
func (s *failures) recovered(r Report) {
	switch {
	case r.Kind == machine.RunPassed, r.Kind == machine.Ended && r.End.OK(), r.Kind == machine.Stopped:
		delete(s.nodes, r.Node)
		s.keep(r.Node, nil)
	case r.Kind == machine.Ready:
		if f := s.nodes[r.Node]; f != nil && f.times == 0 {
			delete(s.nodes, r.Node)
		}
	}
}

// up forgets the processes that had crashed and are up again, and says so.
func (s *failures) up(nodes []machine.NodeStatus) (texts map[string]string) {
	for _, n := range nodes {
		if f := s.nodes[n.Name]; f != nil && f.times > 0 && n.State == "ready" && n.UpAt.IsZero() {
			if texts == nil {
				texts = map[string]string{}
			}
			texts[n.Name] = f.fixed()
			delete(s.nodes, n.Name)
		}
	}
	return texts
}

// forget forgets a node.
func (s *failures) forget(node string) {
	delete(s.nodes, node)
	s.keep(node, nil)
}

// fixed says that something that had failed is well again.
func (f *failed) fixed() string {
	took := time.Since(f.since).Round(time.Second).String()
	switch {
	case f.times > 0:
		return fmt.Sprintf("up again after %s, %s", crashes(f.times), took)
	case f.saves == 0:
		return "fixed after " + took
	}
	return fmt.Sprintf("fixed after %s, %s", console.Count(f.saves, "save"), took)
}

func crashes(n int) string {
	if n == 1 {
		return "a crash"
	}
	return fmt.Sprintf("%d crashes", n)
}

// keep keeps the output of a node's last failed stage, in place of the one before.
func (s *failures) keep(node string, output *console.Spool) {
	if old := s.outputs[node]; old != nil {
		old.Close()
	}
	if delete(s.outputs, node); output != nil {
		s.outputs[node] = output
	}
}

// rank orders problems by how bad they are.
func rank(p diagnostics.Problem) int {
	return slices.Index([]diagnostics.Severity{diagnostics.Error, diagnostics.Warning, diagnostics.Note}, p.Severity)
}

// ended is how a command ended, in the fewest words.
func ended(end machine.End) string {
	return strings.Replace(end.String(), "exit code ", "exit ", 1)
}
