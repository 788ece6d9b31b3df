package orchestrator

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/report"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// errEnding is the answer to who asks while the loop ends.
var errEnding = errors.New("the loop is ending")

// serve begins to answer on the control socket. A loop without one still does
// its work, so all that comes of a failure is a line.
func (l *loop) serve() {
	if l.opt.Control == nil {
		return
	}
	s, err := l.opt.Control.Serve(l.handler())
	if err != nil {
		l.screen.Notice(err.Error() + "; `devloop status` will not work")
		return
	}
	l.server = s
}

// mostAsked is how many bytes a request may have beside its header. None needs
// a body.
const mostAsked = 4 << 10

// handler is the whole protocol: docs/control.md. What a client names is looked
// up among the nodes; nothing of it is ever a path, a command or a pattern.
func (l *loop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.PathStatus, l.answerStatus)
	mux.HandleFunc("GET "+control.PathWake, l.answerWake)
	mux.HandleFunc("GET "+control.PathDiffering, l.answerDiffering)
	mux.HandleFunc("GET "+control.PathEvents, l.answerEvents)
	mux.HandleFunc("GET "+control.PathWait, l.answerWait)
	mux.HandleFunc("GET "+control.PathLogs, l.answerLogs)
	mux.HandleFunc("POST "+control.PathTrigger, l.answerByHand(machine.Trigger))
	mux.HandleFunc("POST "+control.PathRestart, l.answerByHand(machine.Restart))
	mux.HandleFunc("POST "+control.PathStop, l.answerByHand(machine.Stop))
	mux.HandleFunc("POST "+control.PathStart, l.answerByHand(machine.Resume))
	mux.HandleFunc("POST "+control.PathDown, l.answerDown)
	mux.HandleFunc("POST "+control.PathAttach, l.answerAttach)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		control.Refuse(w, http.StatusNotFound, "this loop does not know "+r.Method+" "+path[:min(len(path), 200)],
			"it may be another version of devloop: end it and start it again")
	})
	return http.MaxBytesHandler(mux, mostAsked)
}

// ask runs a question in the loop's goroutine, which owns everything, and
// waits for it. The question may not block, and what it hands out must be a
// copy.
func (l *loop) ask(ctx context.Context, question func()) error {
	answered := make(chan struct{})
	select {
	case l.asks <- func() { question(); close(answered) }:
		<-answered
		return nil
	case <-l.ctx.Done():
		return errEnding
	case <-ctx.Done():
		return ctx.Err()
	}
}

// asked answers a request with what question finds in the loop.
func (l *loop) asked(w http.ResponseWriter, r *http.Request, question func()) bool {
	if err := l.ask(r.Context(), question); err != nil {
		control.Refuse(w, http.StatusServiceUnavailable, err.Error(), "")
		return false
	}
	return true
}

func (l *loop) answerStatus(w http.ResponseWriter, r *http.Request) {
	var s control.Status
	if l.asked(w, r, func() { l.step(machine.Asked{}); s = l.status() }) {
		control.Reply(w, s)
	}
}

func (l *loop) answerWake(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("node")
	var wake control.Wake
	var no *refusal
	if !l.asked(w, r, func() {
		if node := l.graph.Index(name); node >= 0 {
			wake = l.wake(node)
		} else {
			no = l.unknown(name)
		}
	}) {
		return
	}
	if no != nil {
		control.Refuse(w, no.code, no.msg, no.hint)
		return
	}
	control.Reply(w, wake)
}

// answerDiffering names the variables that have another value here than the client
// says of its own. No value leaves the loop, nor a fingerprint of one.
func (l *loop) answerDiffering(w http.ResponseWriter, r *http.Request) {
	control.Reply(w, control.Differing{PID: os.Getpid(), Names: control.ReadVariables(r.URL.Query()).Differing(os.LookupEnv)})
}

// status tells everything of this moment. Never the environment of a command:
// it may hold secrets.
func (l *loop) status() control.Status {
	s := control.Status{Config: l.opt.Control.Config(), PID: os.Getpid(), Since: l.opt.Control.Since(), Nodes: []control.Node{}, Sockets: []control.Socket{}}
	if l.files != nil {
		s.Watching = l.files.sight.watching()
	}
	s.Mistakes = l.sources.mistakes()
	all := l.snapshot(l.machine.Status())
	for i, n := range all.Nodes {
		if n.Gone && !l.running(i) {
			continue
		}
		node := control.Node{Name: n.Name, Kind: l.graph.Nodes[i].Kind(), State: n.State, Busy: n.Busy, Failed: n.Failed,
			Waits: hold(all, i), Number: n.Num, PIDs: l.pids(i), Restarts: n.Restarts, Crashes: n.Failures}
		if n.End != (machine.End{}) || n.State == "ended" {
			node.End = &control.End{Code: n.End.Code, Signal: n.End.Signal, Error: n.End.Err}
		}
		if n.Num > 0 {
			node.Since = control.Moment(n.Since)
		}
		node.Usual = n.Usual
		for _, stage := range n.Stages {
			node.Stages = append(node.Stages, control.Stage(stage))
		}
		l.generations(&node, i, all)
		s.Nodes = append(s.Nodes, node)
	}
	for _, held := range l.sockets.All() {
		s.Sockets = append(s.Sockets, l.socketStatus(held))
	}
	return s
}

func (l *loop) socketStatus(held *sockets.Held) control.Socket {
	s := control.Socket{Name: held.Name(), Address: held.Address(), Exposed: held.Exposed(), Nodes: []string{}}
	for i := range l.cfg.Processes {
		p := &l.cfg.Processes[i]
		if slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool { return ref.Name == s.Name }) {
			s.Nodes = append(s.Nodes, p.Name)
		}
	}
	s.Via = string(held.Via())
	counts := held.Counts()
	s.Waiting, s.Limit, s.InFlight, s.Cut = counts.Waiting, counts.Limit, counts.InFlight, counts.Cut
	return s
}

// generations tells of a process with two of them, and why a new one was not
// taken.
func (l *loop) generations(node *control.Node, i int, all report.Snapshot) {
	st := all.Nodes[i]
	if c := st.Candidate; c != nil {
		state := "starting"
		switch {
		case c.New && c.Stopping:
			state = "dropped"
		case !c.New:
			state = "stopping"
		}
		node.Candidate = &control.Candidate{Number: c.Num, State: state, Since: control.Moment(c.Since)}
		if live := l.live[commandKey{i, c.Num, wholeProcess}]; live != nil {
			node.Candidate.Reason = live.says.String()
		}
		if c.PID != 0 {
			node.Candidate.PIDs = []int{c.PID}
			node.PIDs = slices.DeleteFunc(node.PIDs, func(pid int) bool { return pid == c.PID })
		}
	}
	switch {
	case st.Dropped != nil:
		node.Reason = all.Blocked(i)
	case st.State == "gave up":
		node.Reason = report.Crashed(st)
	case st.State == "ended" && st.Early:
		node.Reason = "it ended before it was ready"
	case !st.Watcher:
		if c := l.live[commandKey{i, st.Num, wholeProcess}]; c != nil {
			if node.Reason = c.says.String(); node.Reason == "" && (st.State == "unready" || st.State == "starting") {
				node.Reason = c.lacks.String()
			}
		}
		if node.Reason == "" && time.Until(st.UpAt) > 0 {
			node.Reason = "it has just started: counts as up in " + report.Left(st.UpAt)
		}
	}
}

// pids lists the leaders of a node's commands that run now.
func (l *loop) pids(node int) []int {
	var pids []int
	for key, c := range l.live {
		if key.node == node && c.group != nil {
			pids = append(pids, c.group.PID())
		}
	}
	slices.Sort(pids)
	return pids
}

// hold is what a node waits for, nil if for nothing.
func hold(all report.Snapshot, node int) *control.Hold {
	h := all.Nodes[node].Hold
	if h.Kind == machine.NotHeld {
		return nil
	}
	out := &control.Hold{Kind: string(h.Kind), Until: control.Moment(h.Until), Text: all.Hold(node)}
	if h.Node >= 0 {
		out.Node = all.Nodes[h.Node].Name
	}
	return out
}

func (l *loop) wake(node int) control.Wake {
	all := l.snapshot(l.machine.Status())
	now := all.Nodes[node]
	w := control.Wake{Node: now.Name, Kind: l.graph.Nodes[node].Kind(), State: now.State, Waits: hold(all, node)}
	last := l.history.Wake(now.Name)
	if last == nil {
		return w
	}
	w.Did, w.Number, w.At, w.Cause = string(last.Kind), last.Number, control.Moment(last.At), string(last.Why)
	if last.Why == machine.ByTrigger || last.Why == machine.ByDependency {
		w.By = last.By
	}
	w.Paths = last.Paths[:min(control.MostPaths, len(last.Paths))]
	w.More = len(last.Paths) - len(w.Paths)
	return w
}
