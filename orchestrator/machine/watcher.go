package machine

import "time"

// stopGrace is how long a cancelled stage has between SIGTERM and SIGKILL.
const stopGrace = 2 * time.Second

// letThrough is how many runs in a row a change may take away (by cancelling
// them, or by making their result stale) before one is finished and published
// in spite of it.
const letThrough = 3

// watcher is the state of a node that runs stages.
type watcher struct {
	cfg         *Watcher
	phase       phase
	run         int // of the last started run
	group       int
	stages      []stage
	took        dirt   // what the run was started for
	owed        causes // what the runs since the last pass were started for
	startedAt   time.Time
	failing     bool // the run is going to fail
	outcome     outcome
	everPassed  bool
	starved     int // runs in a row that a change took away
	protected   bool
	unpublished bool // a stage has run since the trigger was last touched
}

type phase int

const (
	idle phase = iota
	running
	cancelling
	draining // every stage has ended; its writes are being delivered
)

type outcome int

const (
	outNone outcome = iota
	outPassed
	outFailed
)

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

func newWatcher(cfg *Watcher) *watcher {
	w := &watcher{cfg: cfg}
	for g, group := range cfg.Groups {
		for i := range group {
			w.stages = append(w.stages, stage{cfg: &group[i], group: g, need: true})
		}
	}
	return w
}

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

// touched notes for each stage with if_changed that its input changed.
func (w *watcher) touched(path string) {
	for i := range w.stages {
		s := &w.stages[i]
		if !s.need && s.cfg.IfChanged != nil && s.cfg.IfChanged(path) {
			s.need = true
		}
	}
}

// pending tells whether the current group has a stage that has not started.
func (w *watcher) pending() bool { return w.count(stagePending) > 0 }

func (w *watcher) count(state stageState) (n int) {
	for i := range w.stages {
		if w.stages[i].state == state {
			n++
		}
	}
	return n
}

// current is a stage that runs now, or the last of the group that did.
func (w *watcher) current() int {
	last := 0
	for i := range w.stages {
		if w.stages[i].state == stageRunning {
			return i
		}
		if w.stages[i].group <= w.group {
			last = i
		}
	}
	return last
}

func (m *Machine) actWatcher(n *node) bool {
	switch w := n.w; w.phase {
	case idle:
		if n.dirt.dirty && !n.off && n.hold.Kind == NotHeld {
			m.startRun(n)
			return true
		}
		m.tellHeld(n)
	case running:
		if m.superseded(n) {
			m.cancelRun(n, n.dirt.why, n.dirt.by)
			return true
		}
		return m.progress(n)
	}
	return false
}

// tellHeld reports once that a change waits for a failed upstream.
func (m *Machine) tellHeld(n *node) {
	held := n.dirt.dirty && n.hold.Kind == UpstreamFailed
	if held && !n.held {
		m.report(Report{Kind: Held, Node: n.id, By: n.hold.Node, Paths: n.dirt.paths})
	}
	n.held = held
}

// superseded tells whether a settled change takes the run's place now.
func (m *Machine) superseded(n *node) bool {
	w := n.w
	switch {
	case !n.dirt.dirty || !n.dirt.settled() || n.feed.until.After(m.now):
		return false
	case (w.cfg.Queue || w.protected) && !n.dirt.hand:
		return false
	}
	for i := range w.stages {
		if w.stages[i].state == stageRunning && w.stages[i].cfg.Uninterrupted {
			return false
		}
	}
	return true
}

func (m *Machine) startRun(n *node) {
	w := n.w
	w.run++
	w.phase, w.group, w.failing = running, -1, false
	w.took = n.dirt.take()
	for _, cohort := range w.took.causes {
		w.owed.add(cohort)
	}
	w.startedAt = m.now
	w.protected = w.starved >= letThrough
	if w.took.all {
		for i := range w.stages {
			w.stages[i].need = true
		}
	}
	m.report(Report{Kind: RunStarted, Node: n.id, Num: w.run, Why: w.took.why, By: w.took.by, Paths: w.took.paths})
	m.nextGroup(n)
}

// nextGroup makes the stages of the next group pending, but for those whose
// input has not changed.
func (m *Machine) nextGroup(n *node) {
	w := n.w
	w.group++
	for i := range w.stages {
		s := &w.stages[i]
		switch {
		case s.group != w.group:
		case s.cfg.IfChanged != nil && !s.need:
			s.state = stageDone
			m.report(Report{Kind: StageSkipped, Node: n.id, Num: w.run, Stage: i, By: -1})
		default:
			s.state = stagePending
		}
	}
}

// progress moves a run on: start what may start, then the next group, then
// the end.
func (m *Machine) progress(n *node) bool {
	w := n.w
	for i := range w.stages {
		if w.stages[i].state == stagePending && m.slots < m.cfg.Jobs {
			m.startStage(n, i)
			return true
		}
	}
	switch {
	case w.pending() || w.count(stageRunning) > 0:
		return false
	case !w.failing && w.group+1 < len(w.cfg.Groups):
		m.nextGroup(n)
	default:
		w.phase = draining
		m.do(Drain{n.id, w.run})
	}
	return true
}

func (m *Machine) startStage(n *node, i int) {
	w, s := n.w, &n.w.stages[i]
	*s = stage{cfg: s.cfg, group: s.group, state: stageRunning, startedAt: m.now}
	if s.cfg.Timeout > 0 {
		s.timeoutAt = m.now.Add(s.cfg.Timeout)
	}
	w.unpublished = true
	m.slots++
	m.report(Report{Kind: StageStarted, Node: n.id, Num: w.run, Stage: i, By: -1})
	m.do(StartStage{n.id, w.run, i, w.took.paths})
}

// stopStage asks a running stage to end, and gives it its grace.
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

// cancelRun ends a run whose result nobody wants any more. What it was started
// for is not done: it goes back, ahead of what came since.
func (m *Machine) cancelRun(n *node, why Why, by int) {
	w := n.w
	w.phase = cancelling
	if why != ByHand {
		w.starved++
	}
	n.dirt.restore(w.took)
	m.report(Report{Kind: RunCancelled, Node: n.id, Num: w.run, Why: why, By: by, Took: m.now.Sub(w.startedAt)})
	for i := range w.stages {
		if w.stages[i].state == stagePending {
			w.stages[i].state = stageIdle
		}
		m.stopStage(n, i)
	}
	m.cancelled(n)
}

// cancelled ends the cancelling once the last stage is gone.
func (m *Machine) cancelled(n *node) {
	if n.w.count(stageRunning) > 0 {
		return
	}
	n.w.phase = idle
	m.closeFeed(n)
}

// closeFeed ends a run, or a generation's start, for the sake of feed. It comes
// before the dirt is taken.
func (m *Machine) closeFeed(n *node) {
	if delay, path, stage := n.feed.close(m.now); delay >= selfTold && n.dirt.dirty {
		m.report(Report{Kind: Slowed, Node: n.id, Stage: stage, By: -1, Paths: []string{path}, Until: n.feed.until})
	}
}

func (m *Machine) stageExited(ev StageExited) {
	n := m.nodes[ev.Node]
	w := n.w
	if w == nil || ev.Run != w.run || ev.Stage >= len(w.stages) || w.stages[ev.Stage].state != stageRunning {
		return // of a generation that is gone
	}
	s := &w.stages[ev.Stage]
	s.state = stageDone
	m.slots--
	r := Report{Node: n.id, Num: w.run, Stage: ev.Stage, By: -1, Took: m.now.Sub(s.startedAt), End: ev.End}
	switch {
	case w.phase == cancelling || m.ending.begun:
		r.Kind, s.need = StageCancelled, true
	case s.timedOut:
		r.Kind, s.need = StageTimedOut, true
	case ev.End.OK():
		r.Kind = StagePassed
	default:
		r.Kind, s.need = StageFailed, true
	}
	if (r.Kind == StageFailed || r.Kind == StageTimedOut) && !m.ending.begun {
		if s.cfg.AllowFailure {
			r.Kind = StageTolerated
		} else {
			w.failing = true
		}
	}
	m.report(r)
	if w.phase == cancelling {
		m.cancelled(n)
	}
	if m.ending.begun && w.count(stageRunning) == 0 {
		w.phase = idle
	}
}

// drained ends a run: only now is it known that what the run wrote has been
// counted, so that nothing downstream starts twice.
func (m *Machine) drained(ev Drained) {
	n := m.nodes[ev.Node]
	w := n.w
	if w == nil || w.phase != draining || ev.Run != w.run {
		return
	}
	w.phase = idle
	m.closeFeed(n)
	r := Report{Node: n.id, Num: w.run, By: -1, Took: m.now.Sub(w.startedAt), Stale: n.dirt.dirty || w.took.stale}
	if w.failing {
		w.outcome, w.starved = outFailed, 0
		r.Kind = RunFailed
		m.report(r)
		if m.cfg.Once {
			m.shutdown(Shutdown{Code: 1})
		}
		return
	}
	w.outcome, w.everPassed = outPassed, true
	r.Kind = RunPassed
	m.report(r)
	if w.unpublished {
		m.overtaken(n)
	}
	w.owed = nil
	through := w.took.stale
	if n.dirt.dirty {
		// The readers would wait for the next run anyway; but under a steady
		// stream of changes there is always a next run.
		w.starved++
		if through = through || w.protected || w.starved > letThrough; !through {
			return
		}
	}
	w.starved = 0
	if w.unpublished {
		w.unpublished = false
		m.publish(n, through)
	}
}

// overtaken marks again what the same changes had made dirty downstream and has
// not waited for this pass, because it was started by hand, or crashed, or was
// down already: it started with what was there before.
func (m *Machine) overtaken(n *node) {
	for _, cohort := range n.w.owed {
		for _, d := range m.nodes {
			if d.up.has(n.id) && cohort.has(d.id) && (d.w != nil || d.p.wanted) {
				d.dirt.mark(cohort, ByTrigger, n.id) // those that have waited are dirty anyway
			}
		}
	}
}

// publish touches the triggers and marks their readers in the same step; the
// file's own event needs no attention then. What is let through does not wait
// for upstream, which is busy again, there nor further down.
func (m *Machine) publish(n *node, through bool) {
	if n.w.cfg.Triggers {
		m.do(Touch{n.id, n.w.run})
	}
	var readers, cohort nodeset
	for _, reader := range n.cfg.Readers {
		readers.add(reader.Node)
	}
	for _, c := range n.w.took.causes {
		cohort.union(c)
	}
	cohort.union(readers)
	for _, d := range m.nodes {
		if d == n {
			continue // what is dirty here by now came after what it publishes
		}
		d.dirt.causes.spread(n.id, readers)
		if d.w != nil {
			d.w.took.causes.spread(n.id, readers)
			d.w.owed.spread(n.id, readers)
		}
	}
	for _, reader := range n.cfg.Readers {
		r := m.nodes[reader.Node]
		if r.p != nil && !r.p.wanted {
			continue
		}
		r.dirt.mark(cohort, ByTrigger, n.id)
		r.dirt.path(reader.Trigger)
		r.dirt.urgent = r.dirt.urgent || through
		r.dirt.stale = r.dirt.stale || through
		if r.w != nil {
			r.w.touched(reader.Trigger)
		}
	}
}
