package api

import (
	"net/http"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// Serve begins to answer on the control socket of a claim.
func (s *Server) Serve(claim *control.Claim) (err error) {
	s.server, err = claim.Serve(s.Handler())
	return err
}

// mostAsked is how many bytes a request may have beside its header. None needs
// a body.
const mostAsked = 4 << 10

// Handler is the whole protocol. What a client names is looked up among the nodes;
// nothing of it is ever a path, a command or a pattern.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.PathStatus, s.answerStatus)
	mux.HandleFunc("GET "+control.PathWake, s.answerWake)
	mux.HandleFunc("GET "+control.PathDiagnostics, s.answerDiagnostics)
	mux.HandleFunc("GET "+control.PathDiffering, s.answerDiffering)
	mux.HandleFunc("GET "+control.PathEvents, s.stream(s.answerEvents))
	mux.HandleFunc("GET "+control.PathCycles, s.answerCycles)
	mux.HandleFunc("GET "+control.PathWait, s.answerWait)
	mux.HandleFunc("GET "+control.PathLogs, s.stream(s.answerLogs))
	mux.HandleFunc("POST "+control.PathTrigger, s.answerByHand(machine.Trigger))
	mux.HandleFunc("POST "+control.PathRestart, s.answerByHand(machine.Restart))
	mux.HandleFunc("POST "+control.PathStop, s.answerByHand(machine.Stop))
	mux.HandleFunc("POST "+control.PathStart, s.answerByHand(machine.Resume))
	mux.HandleFunc("POST "+control.PathDown, s.answerDown)
	mux.HandleFunc("POST "+control.PathLogin, s.answerLogin)
	mux.HandleFunc("POST "+control.PathAttach, s.answerAttach)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		control.Refuse(w, http.StatusNotFound, "this loop does not know "+r.Method+" "+path[:min(len(path), 200)],
			"it may be another version of devloop: stop it and start it again")
	})
	return http.MaxBytesHandler(mux, mostAsked)
}

// stream answers with a stream. What the client writes it to is not a change that anybody has made.
func (s *Server) stream(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if file := r.Header.Get(control.OutputHeader); file != "" {
			defer s.writes(file)()
		}
		answer(w, r)
	}
}
