package orchestrator

import (
	"slices"

	"devloop/orchestrator/machine"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// review brings what clients of the sockets are told up to date with the state
// of the nodes. It follows every step.
func (l *loop) review() {
	var status []machine.NodeStatus
	for _, s := range l.sockets.All() {
		if !s.Answers() {
			continue
		}
		if status == nil {
			status = l.machine.Status()
		}
		up, first := s.Served(), -1
		for i, n := range l.graph.Nodes {
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
			s.Up(l.checks(first, status))
		default:
			s.Down(l.newsOf(first, status, s.News()))
		}
	}
}

func hasSocket(p *schema.Process, name string) bool {
	return slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool { return ref.Name == name })
}

// checks tells whether what a process serves may be about to be replaced: a
// change has touched it, or is being checked upstream.
func (l *loop) checks(node int, status []machine.NodeStatus) bool {
	for _, i := range l.graph.Closure(node) {
		if status[i].Busy && (status[i].Watcher || i == node) {
			return true
		}
	}
	return false
}

// newsOf says what a process that does not serve waits for.
func (l *loop) newsOf(node int, status []machine.NodeStatus, before *proxy.News) *proxy.News {
	blame := node
	if h := status[node].Hold; h.Node >= 0 && h.Kind != machine.NotHeld {
		blame = h.Node
	}
	if !status[blame].Failed {
		for _, i := range l.graph.Closure(node) {
			if status[i].Failed && status[i].Watcher {
				blame = i
			}
		}
	}
	st := status[blame]
	news := &proxy.News{Project: l.cfg.Name, Node: st.Name, State: st.State, Failed: st.Failed || st.State == "backing off"}
	if st.Watcher && (st.State == "running" || st.State == "cancelling") {
		news.State = "checking"
	}
	if st.Hold.Kind != machine.NotHeld {
		news.Detail = l.snapshot(status).Hold(blame)
	}
	if news.Failed {
		if before != nil && before.Node == news.Node && before.State == news.State && before.Failed && before.Detail == news.Detail {
			return before // its output is known
		}
		news.Output = l.journal.Tail(l.name(blame), st.Num, outputTail)
	}
	return news
}

// outputTail is how much of a node's last output is shown, in bytes.
const outputTail = 64 << 10
