package api

import (
	"io"
	"net/http"
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/procgroup"
)

// answerAttach gives the connection over to the terminal of a process, until
// the client detaches or this generation of the process has ended.
func (s *Server) answerAttach(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), control.AttachProtocol) {
		control.Refuse(w, http.StatusUpgradeRequired, "a terminal is reached with Upgrade: "+control.AttachProtocol, "")
		return
	}
	var term *procgroup.Terminal
	if !s.asked(w, r, func() (no *refusal) {
		if term, no = s.terminal(r.URL.Query().Get("node")); term != nil {
			s.attached.Add(1) // nobody waits for a connection that was given over but Close
		}
		return no
	}) {
		return
	}
	defer s.attached.Done()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, "give the connection over: "+err.Error(), "")
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+control.AttachProtocol+"\r\n\r\n"); err != nil {
		return
	}
	view := term.Attach()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		_, _ = io.Copy(conn, view) // until the process ends, or the client has gone
		_ = conn.Close()
	}()
	ended := make(chan struct{})
	go func() {
		select {
		case <-s.ctx.Done():
			_ = conn.Close()
		case <-ended:
		}
	}()
	// An error is the end: of the connection, of the process, or of patience
	// with a client that does not keep to the protocol.
	_ = control.Frames(buffered.Reader, func(input []byte) error {
		_, err := term.Write(input)
		return err
	}, func(rows, cols uint16) error {
		return term.Resize(procgroup.PTYSize{Rows: rows, Cols: cols})
	})
	close(ended)
	_ = view.Close()
	_ = conn.Close()
	<-shown
}

// terminal finds the terminal of a process's youngest generation.
func (s *Server) terminal(name string) (*procgroup.Terminal, *refusal) {
	if s.loop.Kind(name) == "" {
		return nil, s.unknown(name)
	}
	switch term := s.loop.Terminal(name); {
	case !term.Configured:
		return nil, &refusal{http.StatusBadRequest, name + " has no terminal", "a process has one with `pty: true` in devloop.yaml"}
	case !term.Running:
		return nil, &refusal{http.StatusConflict, name + " is not running", "`devloop status` says why"}
	case term.Terminal == nil:
		return nil, &refusal{http.StatusConflict, name + " was started without a terminal", "devloop restart " + name}
	default:
		return term.Terminal, nil
	}
}
