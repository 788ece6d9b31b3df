package orchestrator

import (
	"net/http"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// answerWait answers when everything that any save before the request could
// cause is done.
func (l *loop) answerWait(w http.ResponseWriter, r *http.Request) {
	var nodes []int
	var no *refusal
	if !l.asked(w, r, func() { nodes, no = l.named(r.URL.Query()["node"]) }) {
		return
	}
	if no != nil {
		control.Refuse(w, no.code, no.msg, no.hint)
		return
	}
	v, err := l.await(r.Context(), nodes)
	if err != nil {
		control.Refuse(w, http.StatusServiceUnavailable, err.Error(), "")
		return
	}
	control.Reply(w, v)
}

// failing says whose failure it is that a node is held back by, and where what
// it wrote is to be found.
func (l *loop) failing(node int) control.Verdict {
	nodes := l.machine.Status()
	answer := control.Verdict{Why: l.snapshot(nodes).Blocked(node)}
	for range nodes {
		h := nodes[node].Hold
		if h.Kind != machine.UpstreamFailed && h.Kind != machine.NotBuilt && h.Kind != machine.Unmet {
			break
		}
		node = h.Node
	}
	answer.Node, answer.Kind = l.name(node), l.graph.Nodes[node].Kind()
	if f := l.history.Failure(answer.Node); f != nil {
		answer.Number, answer.Stages = f.Number, f.Stages
	}
	return answer
}
