package orchestrator

import (
	"slices"

	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/proxy"
	"devloop/orchestrator/report"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// downPages are what clients of a socket see while no server answers.
type downPages struct {
	*project
	sockets  *sockets.Set
	journal  *journal.Journal
	snapshot func([]machine.NodeStatus) report.Snapshot
}

// review updates the down pages after every step of the machine.
func (d *downPages) review(all func() []machine.NodeStatus) {
	var status []machine.NodeStatus
	for _, s := range d.sockets.All() {
		if !s.Answers() {
			continue
		}
		if status == nil {
			status = all()
		}
		up, first := s.Served(), -1
		for i, n := range d.graph.Nodes {
			if n.Process == nil || !hasSocket(n.Process, s.Name()) {
				continue
			}
			if first < 0 {
				first = i
			}
			up = up || status[i].State == "ready"
		}
		switch {
		case first < 0:
		case up:
			s.Up(d.checks(first, status))
		default:
			s.Down(d.newsOf(first, status, s.News()))
		}
	}
}

func hasSocket(p *schema.Process, name string) bool {
	return slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool { return ref.Name == name })
}

// checks tells whether what a process serves may soon be replaced: a change has touched it, or is being
// checked upstream.
func (d *downPages) checks(node int, status []machine.NodeStatus) bool {
	for _, i := range d.graph.Closure(node) {
		if status[i].Busy && (status[i].Watcher || i == node) {
			return true
		}
	}
	return false
}

// newsOf says what a process that does not serve is waiting for.
func (d *downPages) newsOf(node int, status []machine.NodeStatus, before *proxy.News) *proxy.News {
	blame := node
	if h := status[node].Hold; h.Node >= 0 && h.Kind != machine.NotHeld {
		blame = h.Node
	}
	if !status[blame].Failed {
		for _, i := range d.graph.Closure(node) {
			if status[i].Failed && status[i].Watcher {
				blame = i
			}
		}
	}
	st := status[blame]
	news := &proxy.News{Project: d.cfg.Name, Node: st.Name, State: st.State, Failed: st.Failed || st.State == "backing off"}
	if st.Watcher && (st.State == "running" || st.State == "cancelling") {
		news.State = "checking"
	}
	if st.Hold.Kind != machine.NotHeld {
		news.Detail = d.snapshot(status).Hold(blame)
	}
	if news.Failed {
		if before != nil && before.Node == news.Node && before.State == news.State && before.Failed && before.Detail == news.Detail {
			return before // its output is known
		}
		news.Output = d.journal.Tail(d.name(blame), st.Num, outputTail)
	}
	return news
}

// outputTail is how much of a node's last output is shown, in bytes.
const outputTail = 64 << 10
