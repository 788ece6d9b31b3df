package machine

import (
	"slices"
	"time"
)

// watcher is the state of a node that runs stages.
type watcher struct {
	cfg             *Watcher
	phase           phase
	run             int  // of the last started run
	asked           bool // it has run, or is to run: nothing waits before that for one that runs only by hand
	group           int
	stages          []stage
	took            pending  // what the run was started for
	startedFor      causes   // what the runs since the last pass were started for
	startedForSince uint64   // the step of the first of that
	next            *Watcher // replaces cfg with the next run, if not nil
	takenSince      uint64   // the oldest step that its runs have taken and are not done with
	startedAt       time.Time
	failing         bool   // the run is going to fail
	reason          string // why it failed, where its output does not say so
	outcome         outcome
	everPassed      bool
	discarded       int // runs in a row that a change cancelled or made stale
	protected       bool
	touching        bool   // its triggers are being touched
	touchSince      uint64 // the step that is done with once they are
	unpublished     bool   // a stage has run since the trigger was last touched
	made            made
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

func newWatcher(cfg *Watcher) *watcher {
	w := &watcher{}
	w.configure(cfg)
	return w
}

// configure sets the stages, none of which may be running. Passes of other stages do not count for them.
func (w *watcher) configure(cfg *Watcher) {
	w.cfg, w.next, w.stages = cfg, nil, nil
	for g, group := range cfg.Groups {
		for i := range group {
			w.stages = append(w.stages, stage{cfg: &group[i], group: g, need: true})
		}
	}
	w.made = made{now: make([]product, len(w.stages))}
}

// plan names the stages, in groups.
func (w *Watcher) plan() [][]string {
	names := make([][]string, len(w.Groups))
	for i, group := range w.Groups {
		for _, s := range group {
			names[i] = append(names[i], s.Name)
		}
	}
	return names
}

// reconfigure takes on a new configuration: at once if it means the same as before,
// else, or if an earlier one still waits for that, with the next run.
func (w *watcher) reconfigure(cfg *Watcher, changed bool) {
	if changed || w.next != nil {
		w.next = cfg
		return
	}
	i := 0
	for _, group := range cfg.Groups {
		for j := range group {
			w.stages[i].cfg = &group[j]
			i++
		}
	}
	w.cfg = cfg
}

// inputChanged notes for each stage with if_changed that its input changed.
func (w *watcher) inputChanged(path string) {
	for i := range w.stages {
		s := &w.stages[i]
		if !s.need && s.cfg.IfChanged != nil && s.cfg.IfChanged(path) {
			s.need = true
		}
	}
}

// hasPending tells whether the current group has a stage that has not started.
func (w *watcher) hasPending() bool { return w.count(stagePending) > 0 }

func (w *watcher) count(state stageState) (n int) {
	for i := range w.stages {
		if w.stages[i].state == state {
			n++
		}
	}
	return n
}

// relays tells whether nothing is run: what changed goes straight on to the readers of the triggers.
func (w *watcher) relays() bool { return len(w.stages) == 0 }

// current names a stage that runs now, or the last of the group that did.
func (w *watcher) current() (name string) {
	for i := range w.stages {
		s := &w.stages[i]
		if s.state == stageRunning {
			return s.cfg.Name
		}
		if name == "" || s.group <= w.group {
			name = s.cfg.Name
		}
	}
	return name
}

func (m *Machine) actWatcher(n *node) bool {
	switch w := n.w; w.phase {
	case idle:
		if n.pending.dirty && !n.off && n.hold.Kind == NotHeld {
			m.startRun(n)
			return true
		}
		m.reportHeld(n)
	case running:
		if m.superseded(n) {
			m.cancelRun(n, n.pending.why, n.pending.by)
			return true
		}
		return m.progress(n)
	}
	return false
}

// reportHeld reports once that a change waits for a failed upstream, or for long
// because the node keeps waking itself.
func (m *Machine) reportHeld(n *node) {
	held := n.pending.dirty && n.hold.Kind == UpstreamFailed
	if held && !n.heldReported {
		m.report(n, Report{Kind: Held, By: m.name(n.hold.Node), Paths: n.pending.paths})
	}
	n.heldReported = held
	m.reportUnmet(n)
	if n.hold.Kind == SlowedDown {
		m.reportSlowed(n)
	}
}

// superseded tells whether a settled change takes the run's place now.
func (m *Machine) superseded(n *node) bool {
	w := n.w
	switch {
	case !n.pending.dirty || !n.pending.settled() || m.pauses(n) || n.feedback.holds(m.now, &n.pending):
		return false
	case (w.cfg.Queue || w.protected) && !n.pending.hand:
		return false
	}
	return !slices.ContainsFunc(w.stages, func(s stage) bool { return s.state == stageRunning && s.cfg.Uninterrupted })
}

func (m *Machine) startRun(n *node) {
	w := n.w
	if w.next != nil {
		w.configure(w.next)
	}
	w.run++
	w.asked = true
	w.phase, w.group, w.failing, w.reason = running, -1, false, ""
	w.took = n.pending.take()
	if n.startStep = m.clock; len(w.startedFor) == 0 {
		w.startedForSince = w.took.since
	}
	for _, cohort := range w.took.causes {
		w.startedFor.add(cohort)
	}
	w.takenSince = older(w.takenSince, w.took.since)
	w.startedAt, n.freshStartStep = m.now, m.clock
	w.made.ran, w.made.strayed = false, true
	m.takesIn(n)
	n.feedback.start()
	w.protected = w.discarded >= letThrough || m.awaited(n, w.takenSince)
	if w.relays() && (w.took.why != ByStart || len(w.took.paths) > 0) { // at the start its readers start by themselves
		w.unpublished = true
	}
	if w.took.all {
		for i := range w.stages {
			w.stages[i].need = true
		}
	}
	m.report(n, Report{Kind: RunStarted, Num: w.run, Why: w.took.why, By: w.took.by, Paths: w.took.paths, Plan: w.cfg.plan()})
	m.nextGroup(n)
}

// cancelRun ends a run whose result nobody wants any more. What it was started
// for is not done: it goes back, ahead of what came since.
func (m *Machine) cancelRun(n *node, why Why, by string) {
	w := n.w
	w.phase = cancelling
	if why != ByHand {
		w.discarded++
	}
	n.pending.restore(w.took)
	m.report(n, Report{Kind: RunCancelled, Num: w.run, Why: why, By: by, Took: m.now.Sub(w.startedAt)})
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
	m.closeFeedback(n)
}

// closeFeedback ends a run for the sake of feedback.
func (m *Machine) closeFeedback(n *node) {
	n.feedback.close(m.now)
	n.feedback.slow(m.now, n.feedback.streak)
	if n.pending.dirty {
		m.reportSlowed(n)
	}
}

// reportSlowed reports once that what has changed has to wait for long because the
// node keeps waking itself.
func (m *Machine) reportSlowed(n *node) {
	f := &n.feedback
	if !f.toReport(m.now) || n.pending.real {
		return
	}
	f.reported, f.reportedAt = true, f.runs
	r := Report{Kind: Slowed, Stage: f.from.stage, Paths: []string{f.path}, Until: f.until, Times: f.runs, Known: f.from.sure()}
	if f.from.by != n.id {
		r.By = m.name(f.from.by)
	}
	if f.from.rhythm {
		r.Took = f.from.lag
	}
	m.report(n, r)
}
