package machine

import "time"

// NodeStatus is the state of one node.
type NodeStatus struct {
	Name     string
	Watcher  bool
	State    string // as shown: "running", "backing off", "waiting"
	Hold     Hold   // why it waits, if it does
	Busy     bool
	Failed   bool
	Gone     bool // not in the configuration any more
	Num      int  // the last run or generation
	PID      int  // of a live process; 0 if unknown
	Restarts int
	Since    time.Time // the start of the last run, or of the generation that serves

	Stages []StageStatus // of a watcher: those that run now
	Reason string        // why the last run of a watcher failed, where its output does not say so; else ""

	End      End       // of a process that ended by itself, how
	KillAt   time.Time // of a command that has been asked to end, when it is killed; zero: never, or it has been
	Early    bool      // of End: it ended before it was ready, and should have been
	Failures int       // of a process: in a row
	UpAt     time.Time // when a process that is ready counts as up; zero if it does

	Candidate *Candidate // the second generation of a start-first process, while there is one
	Dropped   *Drop      // the last new version, if it was dropped
}

// StageStatus is a stage that runs.
type StageStatus struct {
	Name  string
	Since time.Time
}

// Candidate is a generation beside the one that serves: a new one that starts,
// or an old one that ends.
type Candidate struct {
	Num, PID int
	New      bool // the new one
	Stopping bool
	Since    time.Time
}

// Paused tells whether changes are only kept, see Pause.
func (m *Machine) Paused() bool { return m.paused }

// Status tells the state of every node, in the order of the file.
func (m *Machine) Status() []NodeStatus {
	all := make([]NodeStatus, len(m.nodes))
	for i, n := range m.nodes {
		s := NodeStatus{Name: n.cfg.Name, Watcher: n.w != nil, Hold: n.hold, Busy: n.busy, Failed: n.failed, Gone: n.gone}
		if n.hangs != "" && s.Hold.Kind == NotHeld {
			s.Hold = n.noAnswer()
		}
		if n.w != nil {
			s.State, s.Num, s.Since = n.w.state(n), n.w.run, n.w.startedAt
			s.Stages = n.w.running()
			for i := range n.w.stages {
				if st := &n.w.stages[i]; st.state == stageRunning && st.stopped {
					s.KillAt = st.killAt
				}
			}
			if n.w.outcome == outFailed {
				s.Reason = n.w.reason
			}
		} else {
			s.State, s.Num, s.Since = n.p.state(), n.p.gen, n.p.startedAt
			s.PID, s.Restarts, s.Failures = n.p.pid, n.p.restarts, n.p.failures
			if n.p.endedItself() {
				s.End, s.Early = n.p.end, n.p.endedEarly
			}
			switch n.p.phase {
			case procReady:
				s.UpAt = n.p.upAt
			case procStopping:
				s.KillAt = n.p.killAt
			}
			if d := n.p.dropped; d != nil {
				drop := *d
				s.Dropped = &drop
			}
			if c := n.p.side; c != nil {
				s.Candidate = &Candidate{Num: c.gen, PID: c.pid, New: c.newer, Stopping: c.phase == procStopping, Since: c.startedAt}
			}
		}
		all[i] = s
	}
	return all
}

func (w *watcher) state(n *node) string {
	switch {
	case w.phase == running || w.phase == draining:
		return "running"
	case w.phase == cancelling:
		return "cancelling"
	case n.off:
		return "stopped"
	case n.pending.dirty:
		return "waiting"
	case w.outcome == outPassed:
		return "passed"
	case w.outcome == outFailed:
		return "failed"
	}
	return "idle"
}

func (p *process) state() string {
	if p.parked && !p.live() {
		return "waiting" // also if it was backing off
	}
	switch {
	case p.phase != procIdle:
		return string(p.phase)
	case p.due != "":
		return "waiting"
	}
	return "stopped"
}
