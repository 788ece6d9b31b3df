package api

import (
	"context"
	"net/http"

	"devloop/orchestrator/control"
	"devloop/orchestrator/report"
)

// answerEvents hands on the event log, from now on or from where the client left it.
func (s *Server) answerEvents(w http.ResponseWriter, r *http.Request) {
	me := report.NewReader()
	q := r.URL.Query()
	if !s.asked(w, r, func() *refusal {
		s.log.Subscribe(me, q.Get("since"), q.Get("snapshot") == "true", s.loop.Status)
		return nil
	}) {
		return
	}
	// A loop that has ended takes no questions, and has no readers either.
	defer func() { _ = s.loop.Ask(context.Background(), func() { s.log.Leave(me) }) }()
	out := control.NewStream(w)
	events := me.Events()
	for {
		select {
		case e := <-events:
			if out.Put(e) != nil || len(events) == 0 && out.Flush() != nil {
				return
			}
			continue
		case <-s.ctx.Done():
		case <-r.Context().Done():
		}
		// The loop has ended, or the client has gone. What is queued was
		// published before: it is the end of the story.
		for len(events) > 0 {
			if out.Put(<-events) != nil {
				return
			}
		}
		_ = out.Flush() // nothing comes after it
		return
	}
}
