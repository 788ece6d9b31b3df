package orchestrator

import (
	"fmt"
	"net/http"
	"os"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// mostNamed is how many nodes one request may name.
const mostNamed = 1000

// refusal is why a request cannot be met.
type refusal struct {
	code      int
	msg, hint string
}

// named finds the nodes that a request names, each once, in the order of the
// request. Called in the loop's goroutine.
func (l *loop) named(names []string) (nodes []int, no *refusal) {
	if len(names) > mostNamed {
		return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("%d nodes are more than a request may name", len(names)), ""}
	}
	seen := map[int]bool{}
	for _, name := range names {
		n := l.graph.Index(name)
		if n < 0 {
			return nil, l.unknown(name)
		}
		if !seen[n] {
			seen[n] = true
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

// unknown says that there is no such node, and which name was meant.
func (l *loop) unknown(name string) *refusal {
	if len(name) > 100 {
		name = name[:100] + "…"
	}
	var known []string
	for _, n := range l.graph.Nodes {
		if !n.Gone {
			known = append(known, n.Name)
		}
	}
	return &refusal{http.StatusNotFound, fmt.Sprintf("the running loop has no watcher or process %q", name),
		control.Known(name, known)}
}

// fits tells whether a verb is one for the node.
func (l *loop) fits(verb machine.Verb, node int) *refusal {
	n := l.graph.Nodes[node]
	switch {
	case verb == machine.Trigger && n.Watcher == nil:
		return &refusal{http.StatusBadRequest, n.Name + " is a process, which has no stages to run", "to start it again: devloop restart " + n.Name}
	case verb == machine.Restart && n.Process == nil:
		return &refusal{http.StatusBadRequest, n.Name + " is a watcher, which cannot be restarted", "to run its stages: devloop trigger " + n.Name}
	}
	return nil
}

// answerByHand carries out a verb for the nodes that the request names: for all
// of them, or for none.
func (l *loop) answerByHand(verb machine.Verb) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		names := r.URL.Query()["node"]
		if len(names) == 0 {
			control.Refuse(w, http.StatusBadRequest, "no node is named", "add ?node=NAME, once for each")
			return
		}
		var moved []control.Moved
		var no *refusal
		if !l.asked(w, r, func() { moved, no = l.byHand(verb, names) }) {
			return
		}
		if no != nil {
			control.Refuse(w, no.code, no.msg, no.hint)
			return
		}
		control.Reply(w, moved)
	}
}

func (l *loop) byHand(verb machine.Verb, names []string) ([]control.Moved, *refusal) {
	switch {
	case l.ending:
		return nil, &refusal{http.StatusServiceUnavailable, errEnding.Error(), ""}
	case !l.started:
		return nil, &refusal{http.StatusServiceUnavailable, "the loop is just starting", "try again in a moment"}
	}
	nodes, no := l.named(names)
	if no != nil {
		return nil, no
	}
	for _, n := range nodes {
		if no := l.fits(verb, n); no != nil {
			return nil, no
		}
	}
	before := l.machine.Status()
	l.step(machine.Command{Verb: verb, Nodes: nodes})
	all := l.snapshot(l.machine.Status())
	after := all.Nodes
	moved := []control.Moved{}
	for _, n := range nodes {
		moved = append(moved, control.Moved{Node: after[n].Name, Kind: l.graph.Nodes[n].Kind(), Before: before[n].State,
			State: after[n].State, Number: after[n].Num, Waits: hold(all, n)})
	}
	return moved, nil
}

// answerDown begins the end of the loop, once: who asks again does not hurry it.
func (l *loop) answerDown(w http.ResponseWriter, r *http.Request) {
	if !l.asked(w, r, func() {
		if !l.ending {
			l.ending = true
			l.screen.Ending("stopping: asked to by `devloop down`")
			l.step(machine.Shutdown{})
		}
	}) {
		return
	}
	control.Reply(w, control.Down{PID: os.Getpid()})
}
