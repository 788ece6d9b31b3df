package proxy

import "net/http"

// A verbatim writer writes an answer with the headers that it was given: net/http adds none of its own. The
// caller calls finish when the handler has ended or panics.
type verbatim struct {
	http.ResponseWriter
	hangUp  func() // so that the client sees it; may be nil
	proto10 bool   // the client knows no interim answers (RFC 9110, section 15.2)
	began   bool   // the answer's own head was written
	done    bool   // and all of it
}

func (v *verbatim) WriteHeader(code int) {
	if code < 200 && code != http.StatusSwitchingProtocols {
		if !v.proto10 {
			v.ResponseWriter.WriteHeader(code)
		}
		return
	}
	if !v.began {
		v.began = true
		// Not fetched earlier: httputil clears the headers after each interim answer.
		h := v.Header()
		for _, name := range []string{"Content-Type", "Date"} {
			if _, ok := h[name]; !ok {
				h[name] = nil
			}
		}
	}
	v.ResponseWriter.WriteHeader(code)
}

func (v *verbatim) Write(p []byte) (int, error) {
	if !v.began {
		v.WriteHeader(http.StatusOK)
	}
	return v.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (v *verbatim) Unwrap() http.ResponseWriter { return v.ResponseWriter }

// finish flushes what has come of an answer that was cut: net/http would drop its buffer, and the client
// would get nothing at all. A client that can only tell from the connection that the answer is not whole
// (HTTP/1.0, and no length) sees it break.
func (v *verbatim) finish() {
	if !v.began || v.done {
		return
	}
	_ = http.NewResponseController(v.ResponseWriter).Flush() // fails when the client has gone
	if v.proto10 && v.hangUp != nil && v.Header().Get("Content-Length") == "" {
		v.hangUp()
	}
}
