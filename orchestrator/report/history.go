package report

import (
	"slices"
	"time"

	"devloop/orchestrator/machine"
)

// History remembers of each node, by name, what is asked for later. One goroutine
// owns it.
type History struct{ nodes map[string]past }

type past struct {
	asked   machine.Verb // by hand, last
	wake    *Wake
	failure *failure
}

// Wake is what made a node start or stop, and when.
type Wake struct {
	Report
	At time.Time
}

// failure is what failed, for whoever wants to see what it wrote.
type failure struct {
	Number int      // the run or generation
	Stages []string // of a watcher
}

// NewHistory remembers nothing yet.
func NewHistory() *History { return &History{map[string]past{}} }

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

// Forget makes a node one of which nothing is known.
func (h *History) Forget(node string) { delete(h.nodes, node) }

// Report remembers what a report tells.
func (h *History) Report(r Report) {
	p := h.nodes[r.Node]
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
	default:
		return
	}
	h.nodes[r.Node] = p
}
