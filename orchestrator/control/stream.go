package control

import (
	"encoding/json"
	"net/http"
)

// Stream answers a request with JSON values, one a line, each sent at once. Its methods are for the request's
// own goroutine.
type Stream struct {
	lines   *json.Encoder
	control *http.ResponseController
}

// NewStream begins the answer, so that the client knows that the request has arrived.
func NewStream(w http.ResponseWriter) *Stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	s := &Stream{json.NewEncoder(w), http.NewResponseController(w)}
	s.lines.SetEscapeHTML(false)
	_ = s.control.Flush() // an error comes again with the first line
	return s
}

// Put adds a line. It may stay in the buffer until Flush.
func (s *Stream) Put(value any) error { return s.lines.Encode(value) }

// Flush sends what has been put. The error says that the client has gone.
func (s *Stream) Flush() error { return s.control.Flush() }
