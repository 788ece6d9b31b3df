package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"devloop/orchestrator/control"
)

// answerCycles lists the last cycles.
func (s *Server) answerCycles(w http.ResponseWriter, r *http.Request) {
	last := 1
	if text := r.URL.Query().Get("last"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			control.Refuse(w, http.StatusBadRequest, "last="+text[:min(len(text), 40)]+" is no number of cycles", "")
			return
		}
		last = n
	}
	answer := control.Cycles{Cycles: []control.Cycle{}}
	var lines [][]byte
	if !s.asked(w, r, func() *refusal { answer.Boot, lines = s.log.Cycles(last); return nil }) {
		return
	}
	for _, line := range lines {
		var c control.Cycle
		if json.Unmarshal(line, &c) == nil { // not from a version that meant something else
			answer.Cycles = append(answer.Cycles, c)
		}
	}
	control.Reply(w, answer)
}
