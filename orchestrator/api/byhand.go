package api

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// mostNamed is how many nodes one request may name.
const mostNamed = 1000

// named finds the nodes that a request names, each once, in the order of the
// request.
func (s *Server) named(names []string) (nodes []string, no *refusal) {
	if len(names) > mostNamed {
		return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("%d nodes are too many for one request", len(names)), ""}
	}
	seen := map[string]bool{}
	for _, name := range names {
		if s.loop.Kind(name) == "" {
			return nil, s.unknown(name)
		}
		if !seen[name] {
			seen[name] = true
			nodes = append(nodes, name)
		}
	}
	return nodes, nil
}

// unknown says that there is no such node, and which name was meant.
func (s *Server) unknown(name string) *refusal {
	if len(name) > 100 {
		name = name[:100] + "…"
	}
	return &refusal{http.StatusNotFound, fmt.Sprintf("the running loop has no watcher or process %q", name),
		control.Known(name, s.loop.Names())}
}

// fits tells whether a verb is one for the node.
func (s *Server) fits(verb machine.Verb, node string) *refusal {
	kind := s.loop.Kind(node)
	switch {
	case verb == machine.Trigger && kind != "watcher":
		return &refusal{http.StatusBadRequest, node + " is a process and has no stages", "to start it again: devloop restart " + node}
	case verb == machine.Restart && kind != "process":
		return &refusal{http.StatusBadRequest, node + " is a watcher and cannot be restarted", "to run its stages: devloop trigger " + node}
	}
	return nil
}

// answerByHand carries out a verb for the nodes that the request names: for all
// of them, or for none.
func (s *Server) answerByHand(verb machine.Verb) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		names := r.URL.Query()["node"]
		if len(names) == 0 {
			control.Refuse(w, http.StatusBadRequest, "no node is named", "add ?node=NAME, once for each")
			return
		}
		var moved []control.Moved
		if s.asked(w, r, func() (no *refusal) { moved, no = s.byHand(verb, names); return no }) {
			control.Reply(w, moved)
		}
	}
}

func (s *Server) byHand(verb machine.Verb, names []string) ([]control.Moved, *refusal) {
	if err := s.loop.Closed(); err != nil {
		hint := ""
		if errors.Is(err, ErrStarting) {
			hint = "try again in a moment"
		}
		return nil, &refusal{http.StatusServiceUnavailable, err.Error(), hint}
	}
	nodes, no := s.named(names)
	if no != nil {
		return nil, no
	}
	for _, node := range nodes {
		if no := s.fits(verb, node); no != nil {
			return nil, no
		}
	}
	return s.loop.ByHand(verb, nodes), nil
}

// answerLogin hands out the ways into the dashboard.
func (s *Server) answerLogin(w http.ResponseWriter, r *http.Request) {
	var login func() control.Login
	if s.asked(w, r, func() *refusal {
		if login = s.loop.Login(); login == nil {
			return &refusal{http.StatusConflict, "this project has no dashboard", "write `dashboard: 7777` in devloop.yaml"}
		}
		return nil
	}) {
		control.Reply(w, login())
	}
}

func (s *Server) answerDown(w http.ResponseWriter, r *http.Request) {
	if s.asked(w, r, func() *refusal { s.loop.Down(); return nil }) {
		control.Reply(w, control.Down{PID: os.Getpid()})
	}
}
