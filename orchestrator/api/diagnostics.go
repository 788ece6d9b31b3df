package api

import (
	"net/http"

	"devloop/orchestrator/control"
)

func (s *Server) answerDiagnostics(w http.ResponseWriter, r *http.Request) {
	d := control.Diagnostics{Diagnostics: []control.Diagnostic{}, Unplaced: []control.Unplaced{}}
	if !s.asked(w, r, func() *refusal {
		nodes, no := s.named(r.URL.Query()["node"])
		if no == nil && len(nodes) == 0 {
			nodes = s.loop.Names()
		}
		for _, node := range nodes {
			placed, unplaced := s.loop.Diagnostics(node)
			d.Diagnostics, d.Unplaced = append(d.Diagnostics, placed...), append(d.Unplaced, unplaced...)
		}
		return no
	}) {
		return
	}
	control.Reply(w, d)
}
