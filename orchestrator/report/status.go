package report

import (
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// Node is the state of a node, with the processes of its commands. Never the
// environment of a command: it may hold secrets.
func (s Snapshot) Node(node int) control.Node {
	n := s.Nodes[node]
	c := control.Node{Name: n.Name, Kind: kind(n), State: n.State, Busy: n.Busy, Failed: n.Failed,
		Waits: s.waits(node), Number: n.Num, PIDs: s.PIDs(node), Restarts: n.Restarts, Crashes: n.Failures}
	if n.End != (machine.End{}) || n.State == "ended" {
		c.End = controlEnd(n.End)
	}
	if n.Num > 0 {
		c.Since = control.Moment(n.Since)
	}
	for _, stage := range n.Stages {
		c.Stages = append(c.Stages, control.Stage{Name: stage.Name, Since: stage.Since, Usual: s.Usual(n.Name, stage.Name)})
	}
	if n.State == "starting" {
		c.Usual = s.Usual(n.Name, "")
	}
	if n.Candidate != nil {
		c.Candidate = s.candidate(node)
		c.PIDs = slices.DeleteFunc(c.PIDs, func(pid int) bool { return pid == n.Candidate.PID })
	}
	c.Reason = s.reason(node)
	return c
}

// candidate is the second generation of a process that has one.
func (s Snapshot) candidate(node int) *control.Candidate {
	c := s.Nodes[node].Candidate
	state := "starting"
	switch {
	case c.New && c.Stopping:
		state = "dropped"
	case !c.New:
		state = "stopping"
	}
	out := &control.Candidate{Number: c.Num, State: state, Since: control.Moment(c.Since), Reason: s.Says(node, c.Num)}
	if c.PID != 0 {
		out.PIDs = []int{c.PID}
	}
	return out
}

// reason is why a process is not what it should be, or a new version was dropped; "" if there is nothing to
// say.
func (s Snapshot) reason(node int) string {
	st := s.Nodes[node]
	switch {
	case st.Dropped != nil:
		return s.blocked(node)
	case st.State == "gave up":
		return crashed(st)
	case st.State == "ended" && st.Early:
		return "it ended before it was ready"
	case st.Watcher && st.State == "failed":
		return st.Reason
	case st.Watcher:
		return ""
	}
	if says := s.Says(node, st.Num); says != "" {
		return says
	}
	if st.State == "unready" || st.State == "starting" {
		if check := s.LastCheck(node, st.Num); check != "" {
			return check
		}
	}
	if time.Until(st.UpAt) > 0 {
		return "it has just started: counts as up in " + left(st.UpAt)
	}
	return ""
}

// waits is what a node waits for, nil if for nothing.
func (s Snapshot) waits(node int) *control.Hold {
	h := s.Nodes[node].Hold
	if h.Kind == machine.NotHeld {
		return nil
	}
	out := &control.Hold{Kind: string(h.Kind), Until: control.Moment(h.Until), Text: s.hold(node)}
	if h.Node >= 0 {
		out.Node = s.name(h.Node)
	}
	return out
}

// Wake is why a node last started or stopped, and what it waits for now.
func (s Snapshot) Wake(node int, last *Wake) control.Wake {
	now := s.Nodes[node]
	w := control.Wake{Node: now.Name, Kind: kind(now), State: now.State, Waits: s.waits(node)}
	if last == nil {
		return w
	}
	w.Did, w.Number, w.At, w.Cause = string(last.Kind), last.Num, control.Moment(last.At), string(last.Why)
	if byOther(last.Why) {
		w.By = last.By
	}
	w.Paths = last.Paths[:min(control.MostPaths, len(last.Paths))]
	w.More = len(last.Paths) - len(w.Paths)
	return w
}

// Moved is what a command by hand did to a node, with its state before.
func (s Snapshot) Moved(node int, before string) control.Moved {
	now := s.Nodes[node]
	return control.Moved{Node: now.Name, Kind: kind(now), Before: before, State: now.State, Number: now.Num, Waits: s.waits(node)}
}

// Verdict names the node whose failure holds a node back, and where to find its output.
func (s Snapshot) Verdict(node int, h *History) control.Verdict {
	v := control.Verdict{Why: s.blocked(node)}
	node = s.Root(node)
	v.Node, v.Kind = s.name(node), kind(s.Nodes[node])
	p := h.nodes[v.Node]
	if p.failure != nil {
		v.Number, v.Stages = p.failure.Number, p.failure.Stages
	}
	v.Hint = p.missing
	return v
}

func kind(n machine.NodeStatus) string {
	if n.Watcher {
		return "watcher"
	}
	return "process"
}
