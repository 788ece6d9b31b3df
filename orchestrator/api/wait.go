package api

import (
	"net/http"

	"devloop/orchestrator/control"
)

// answerWait answers when everything that any save before the request could
// cause is done. What is saved after it does not matter.
func (s *Server) answerWait(w http.ResponseWriter, r *http.Request) {
	answered := make(chan control.Verdict, 1) // there is room for the one answer
	var forget func()
	if !s.asked(w, r, func() *refusal {
		nodes, no := s.named(r.URL.Query()["node"])
		if no == nil {
			forget = s.loop.Await(nodes, func(v control.Verdict) { answered <- v })
		}
		return no
	}) {
		return
	}
	select {
	case v := <-answered:
		control.Reply(w, v)
	case <-s.ctx.Done():
		control.Refuse(w, http.StatusServiceUnavailable, ErrEnding.Error(), "")
	case <-r.Context().Done():
		// The loop ends sooner or later; if it has, nobody is left to forget.
		_ = s.loop.Ask(s.ctx, forget)
		control.Refuse(w, http.StatusServiceUnavailable, r.Context().Err().Error(), "")
	}
}
