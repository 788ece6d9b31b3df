package orchestrator

import (
	"io"
	"net/http"
	"strings"

	"devloop/orchestrator/control"
	"devloop/orchestrator/procgroup"
)

// answerAttach gives the connection over to the terminal of a process, until
// the client detaches or this generation of the process has ended.
func (l *loop) answerAttach(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), control.AttachProtocol) {
		control.Refuse(w, http.StatusUpgradeRequired, "a terminal is reached with Upgrade: "+control.AttachProtocol, "")
		return
	}
	var term *procgroup.Terminal
	var no *refusal
	if !l.asked(w, r, func() {
		if term, no = l.terminal(r.URL.Query().Get("node")); term != nil {
			l.joined.Add(1) // nobody waits for a connection that was given over but the loop
		}
	}) {
		return
	}
	if no != nil {
		control.Refuse(w, no.code, no.msg, no.hint)
		return
	}
	defer l.joined.Done()
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
		case <-l.ctx.Done():
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
func (l *loop) terminal(name string) (*procgroup.Terminal, *refusal) {
	node := l.graph.Index(name)
	if node < 0 {
		return nil, l.unknown(name)
	}
	if p := l.graph.Nodes[node].Process; p == nil || !p.PTY {
		return nil, &refusal{http.StatusBadRequest, name + " has no terminal", "a process has one with `pty: true` in devloop.yaml"}
	}
	var youngest *command
	for key, c := range l.live {
		if key.node == node && key.stage == wholeProcess && c.group != nil && (youngest == nil || key.num > youngest.key.num) {
			youngest = c
		}
	}
	if youngest == nil {
		return nil, &refusal{http.StatusConflict, name + " does not run now", "`devloop status` says why"}
	}
	term := youngest.group.Terminal()
	if term == nil {
		return nil, &refusal{http.StatusConflict, name + " was started without a terminal", "devloop restart " + name}
	}
	return term, nil
}
