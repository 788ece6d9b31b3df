package machine

import "time"

// stopGrace is how long a cancelled stage has between SIGTERM and SIGKILL.
const stopGrace = 2 * time.Second

// stage is the state of one command of a watcher.
type stage struct {
	cfg       *Stage
	group     int
	state     stageState
	need      bool // if_changed: something it cares about changed since its last pass began
	startedAt time.Time
	timeoutAt time.Time
	killAt    time.Time
	timedOut  bool
	stopped   bool // asked to end
}

type stageState int

const (
	stageIdle stageState = iota
	stagePending
	stageRunning
	stageDone
)

// deadline is when the stage must be looked at again.
func (s *stage) deadline() time.Time {
	switch {
	case s.state != stageRunning:
		return time.Time{}
	case s.stopped:
		return s.killAt
	}
	return s.timeoutAt
}

// nextGroup makes the stages of the next group pending, except those whose input has not changed.
func (m *Machine) nextGroup(n *node) {
	w := n.w
	w.group++
	for i := range w.stages {
		s := &w.stages[i]
		switch {
		case s.group != w.group:
		case s.cfg.IfChanged != nil && !s.need:
			s.state = stageDone
			m.report(n, Report{Kind: StageSkipped, Num: w.run, Stage: s.cfg.Name})
		default:
			s.state = stagePending
		}
	}
}

// progress continues a run: start what may start, then the next group, then the end.
func (m *Machine) progress(n *node) bool {
	w := n.w
	for i := range w.stages {
		if w.stages[i].state == stagePending && m.free(w.stages[i].cfg) {
			m.startStage(n, i)
			return true
		}
	}
	switch {
	case w.hasPending() || w.count(stageRunning) > 0:
		return false
	case !w.failing && w.group+1 < len(w.cfg.Groups):
		m.nextGroup(n)
	default:
		w.phase = draining
		m.do(Drain{n.id, w.run})
	}
	return true
}

// free tells whether there is a place for one more stage like this.
func (m *Machine) free(s *Stage) bool {
	if s.Remote {
		return m.remote < m.cfg.RemoteJobs
	}
	return m.slots < m.cfg.Jobs
}

// occupy takes so many places for stages like this, or gives them back.
func (m *Machine) occupy(s *Stage, places int) {
	if s.Remote {
		m.remote += places
	} else {
		m.slots += places
	}
}

func (m *Machine) startStage(n *node, i int) {
	w, s := n.w, &n.w.stages[i]
	*s = stage{cfg: s.cfg, group: s.group, state: stageRunning, startedAt: m.now}
	if s.cfg.Timeout > 0 {
		s.timeoutAt = m.now.Add(s.cfg.Timeout)
	}
	w.unpublished = true
	m.occupy(s.cfg, 1)
	m.report(n, Report{Kind: StageStarted, Num: w.run, Stage: s.cfg.Name})
	m.do(StartStage{n.id, w.run, i, w.took.paths, w.took.fresh})
}

// stopStage asks a running stage to end, and sets its deadline.
func (m *Machine) stopStage(n *node, i int) {
	s := &n.w.stages[i]
	if s.state != stageRunning || s.stopped {
		return
	}
	s.stopped, s.killAt = true, m.now.Add(stopGrace)
	m.do(StopStage{n.id, n.w.run, i})
}

func (m *Machine) killStage(n *node, i int) {
	s := &n.w.stages[i]
	s.stopped, s.killAt = true, time.Time{}
	m.do(KillStage{n.id, n.w.run, i})
}

func (m *Machine) stageExited(ev StageExited) {
	n := m.nodes[ev.Node]
	w := n.w
	if w == nil || ev.Run != w.run || ev.Stage >= len(w.stages) || w.stages[ev.Stage].state != stageRunning {
		return // of a run that is over
	}
	s := &w.stages[ev.Stage]
	s.state = stageDone
	m.occupy(s.cfg, -1)
	w.made.add(ev.Stage, m.clock, ev.End.OK(), ev.Reuse)
	r := Report{Num: w.run, Stage: s.cfg.Name, Took: m.now.Sub(s.startedAt), End: ev.End, Reuse: ev.Reuse}
	switch {
	case w.phase == cancelling:
		r.Kind, s.need = StageCancelled, true
	case s.timedOut:
		r.Kind, s.need = StageTimedOut, true
	case ev.End.OK() && ev.Reuse.Hit:
		r.Kind = StageReused
	case ev.End.OK():
		r.Kind = StagePassed
	default:
		r.Kind, s.need = StageFailed, true
	}
	if r.Kind == StageFailed || r.Kind == StageTimedOut {
		if s.cfg.AllowFailure {
			r.Kind = StageTolerated
		} else {
			w.failing = true
			if w.reason == "" {
				w.reason = s.unwritten(ev.End)
			}
		}
	}
	m.report(n, r)
	if w.phase == cancelling {
		m.cancelled(n)
	}
}

// unwritten is why a stage failed, where its output cannot say so; else "".
func (s *stage) unwritten(end End) string {
	switch {
	case s.timedOut:
		return s.cfg.Name + " timed out after " + s.cfg.Timeout.String()
	case end.Err == "" && end.Signal != "":
		return s.cfg.Name + " was ended by " + end.Signal
	}
	return end.Err
}

// running lists the stages that run now.
func (w *watcher) running() (list []StageStatus) {
	for i := range w.stages {
		if s := &w.stages[i]; s.state == stageRunning {
			list = append(list, StageStatus{Name: s.cfg.Name, Since: s.startedAt})
		}
	}
	return list
}
