package machine

import (
	"fmt"
	"slices"
	"time"

	"devloop/schema"
)

// Machine is the state of one project's loop. It is not safe for concurrent use: one goroutine owns it, and
// feeds it events in order.
type Machine struct {
	cfg   Config
	nodes []*node
	order []int // upstream first, else as in the file

	now     time.Time
	clock   uint64 // counts steps
	out     []Action
	slots   int // stages running now, but for those
	remote  int // that are Remote
	started bool
	paused  bool // see Pause
	ending  ending

	barriers []*barrier
}

// node is the state that watchers and processes share.
type node struct {
	id             int
	cfg            *Node
	up             nodeset // every node upstream, direct or not
	ins            nodeset // of those, the nodes whose work it takes in: direct, or through watchers
	down           []int   // direct
	pending        pending
	burst          burst
	startStep      uint64 // the step in which the last run, or generation, began
	freshStartStep uint64 // the same, without starts that repeat one that crashed
	feedback       feedback
	heldReported   bool   // the hold by a failed upstream has been reported
	unmetReported  unmet  // which dependency it waits for, as reported
	off            bool   // stopped by hand
	gone           bool   // not in the configuration any more
	oneShot        bool   // a process: another node waits for it to succeed
	hangs          string // where a file system does not respond on which it watches files; "" if all do

	// What evaluate last saw.
	hold   Hold
	busy   bool
	failed bool

	w *watcher
	p *process
}

// New makes the machine for a graph without cycles.
func New(cfg Config) *Machine {
	m := &Machine{cfg: cfg}
	for i := range m.cfg.Nodes {
		m.nodes = append(m.nodes, newNode(i, &m.cfg.Nodes[i]))
	}
	m.link()
	return m
}

func newNode(id int, c *Node) *node {
	n := &node{id: id, cfg: c}
	if c.Watcher != nil {
		n.w = newWatcher(c.Watcher)
	} else {
		n.p = &process{generation: generation{phase: procIdle}}
	}
	return n
}

// link derives upstream and downstream from the configuration.
func (m *Machine) link() {
	m.order = nil
	for _, n := range m.nodes {
		n.up, n.ins, n.down, n.oneShot = nil, nil, nil, false
	}
	placed := make([]bool, len(m.nodes))
	var place func(int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		n := m.nodes[i]
		for _, u := range n.cfg.Upstream {
			place(u)
			n.up.add(u)
			n.up.union(m.nodes[u].up)
			n.ins.add(u)
			if m.nodes[u].w != nil {
				n.ins.union(m.nodes[u].ins)
			}
			m.nodes[u].down = append(m.nodes[u].down, i)
		}
		for _, need := range n.cfg.Needs {
			if need.Condition == schema.Succeeded {
				m.nodes[need.Node].oneShot = true
			}
		}
		m.order = append(m.order, i)
	}
	for i := range m.nodes {
		place(i)
	}
}

// Step takes one event at a time and returns what to do now, in order. The
// time must not run backwards.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	m.now, m.out = now, nil
	m.clock++
	switch ev := ev.(type) {
	case Start:
		m.start()
	case Tick:
		for _, n := range m.nodes {
			n.pending.tick(now, ev.VCSBusy)
		}
	case FilesChanged:
		m.filesChanged(ev)
	case FilesHang:
		for _, n := range m.nodes {
			n.hangs = ev.Places[n.id]
		}
	case Pause:
		m.paused = ev.On
	case StageExited:
		m.stageExited(ev)
	case Drained:
		m.drained(ev)
	case Touched:
		m.touched(ev)
	case ProcessStarted:
		m.processStarted(ev)
	case ProcessReady:
		m.processEvent(ev.Node, ev.Gen, onReady, End{})
	case ProcessExited:
		m.processEvent(ev.Node, ev.Gen, onExit, ev.End)
	case Command:
		m.command(ev)
	case Reconfigure:
		m.reconfigure(ev)
	case Await:
		m.asked()
		m.barriers = append(m.barriers, m.barrier(ev))
	case Forget:
		m.forget(ev)
	case Asked:
		m.asked()
	case Shutdown:
		m.started = true // if it had not started, there is nothing to end
		m.shutdown(ev)
	default:
		panic(fmt.Sprintf("machine: no way to take in %T", ev))
	}
	m.advance()
	for m.answer() {
		m.advance() // what was held back for the questions is free now
	}
	return m.out
}

// advance lets every node act until nothing moves. Each pass evaluates the whole graph again, upstream first,
// so that no decision rests on what was true before the last one.
func (m *Machine) advance() {
	for m.started {
		m.evaluate()
		moved := false
		for _, i := range m.order {
			if m.expire(m.nodes[i]) || m.act(m.nodes[i]) {
				moved = true
				break
			}
		}
		if !moved && !m.advanceShutdown() {
			return
		}
	}
}

// act makes the next move of a node, if it has one.
func (m *Machine) act(n *node) bool {
	switch {
	case m.ending.begun:
		return false
	case n.w != nil:
		return m.actWatcher(n)
	}
	return m.actProcess(n)
}

// start begins: watchers are dirty together, because the whole tree is new to all of them, and processes are
// due.
func (m *Machine) start() {
	m.started = true
	for _, b := range m.barriers {
		b.clock = m.clock
	}
	var cohort nodeset
	for _, n := range m.nodes {
		if n.w != nil && (n.w.cfg.OnStart || m.cfg.Once) {
			cohort.add(n.id)
		}
	}
	for _, n := range m.nodes {
		switch {
		case n.p != nil && (!m.cfg.Once && n.cfg.Process.Start || m.cfg.Once && m.servesWatcher(n)):
			n.p.wanted, n.p.due, n.p.dueBy, n.p.dueSince = true, ByStart, "", m.clock
		case cohort.has(n.id):
			n.w.asked = true
			n.pending.mark(cohort, ByStart, "", m.clock)
		}
	}
}

// servesWatcher tells whether a watcher depends on the process, directly or through other processes: a single
// run starts only these.
func (m *Machine) servesWatcher(n *node) bool {
	for _, d := range m.nodes {
		for _, need := range d.cfg.Needs {
			if need.Node == n.id && (d.w != nil || m.servesWatcher(d)) {
				return true
			}
		}
	}
	return false
}

// filesChanged marks the nodes that watch what changed. It decides nothing yet: what a change leads to
// depends on the whole graph.
func (m *Machine) filesChanged(ev FilesChanged) {
	if m.cfg.Once {
		return
	}
	for _, c := range ev.Changes {
		nodes := c.Nodes
		if c.Same {
			nodes = slices.DeleteFunc(slices.Clone(nodes), func(i int) bool { return !m.misread(m.nodes[i], c) })
		}
		var cohort nodeset
		for _, i := range nodes {
			cohort.add(i)
		}
		for _, i := range nodes {
			// A process that is down on purpose has nothing to restart.
			if n := m.nodes[i]; !n.gone && (n.p == nil || n.p.wanted) {
				m.markChanged(n, c, cohort)
			}
		}
	}
}

// markChanged marks one of the nodes that a change wakes together.
func (m *Machine) markChanged(n *node, c Change, cohort nodeset) {
	m.extend(n)
	if n.hangs != "" {
		m.extendUnseen(n)
	}
	d := &n.pending
	d.mark(cohort, ByChange, "", m.clock)
	d.path(c.Path)
	d.own = true
	d.urgent = d.urgent || c.AtOnce
	if n.w != nil {
		n.w.inputChanged(c.Path)
	}
	at := m.now
	if !c.At.IsZero() && c.At.Before(at) {
		at = c.At
	}
	m.checkFeedback(n, c, at)
	if c.AtOnce {
		return
	}
	limit := settleCap
	if m.awaited(n, n.openSince()) {
		limit = awaitedCap
	}
	d.settle(m.now, at, m.quiet(n, at), limit)
}

// misread tells whether the node may have read other content of a file than it held before and holds again,
// because it was at work while the file was written: a watcher in a run, or a process that started while the
// file was empty. Writes by the node's own command do not count. Nor does, for a watcher, a file that was
// never seen empty, unless another watcher was at work too and may have written it: otherwise a stage that
// rewrites its own sources unchanged would run for ever.
func (m *Machine) misread(n *node, c Change) bool {
	if slices.Contains(c.Writers, n.id) {
		return false
	}
	began, ended := c.First, c.At
	if !c.EmptySince.IsZero() {
		began = c.EmptySince
	}
	if ended.IsZero() {
		ended = m.now
	}
	if began.IsZero() {
		began = ended
	}
	if p := n.p; p != nil {
		started := p.startedAt
		if p.side != nil && p.side.newer {
			started = p.side.startedAt
		}
		return !c.EmptySince.IsZero() && p.live() && started.After(began)
	}
	if !n.w.ranAt(n.feedback.closed, began, ended) {
		return false
	}
	if !c.EmptySince.IsZero() {
		return true
	}
	return slices.ContainsFunc(m.nodes, func(u *node) bool {
		return u != n && u.w != nil && u.w.ranAt(u.feedback.closed, began, ended)
	})
}

// ranAt tells whether a run was going on between two times; closed is when the last one ended.
func (w *watcher) ranAt(closed, began, ended time.Time) bool {
	return w.run > 0 && !w.startedAt.After(ended) && (w.phase != idle || !closed.Before(began))
}

// checkFeedback finds out whether the change is a real one or has to wait, because the node keeps making it
// itself.
func (m *Machine) checkFeedback(n *node, c Change, at time.Time) {
	if !m.suspect(n, c, at) {
		n.pending.real = true
		return
	}
	// During a run, the wait counts from its end, and the change may cancel it, unless it is known to be the
	// node's own.
	if n.feedback.until.IsZero() && (n.w == nil || n.w.phase == idle || n.feedback.from.sure()) {
		n.feedback.slow(m.now, n.feedback.streak+1)
	}
}

// quiet is how long the node's burst must pause after a change at that time.
func (m *Machine) quiet(n *node, at time.Time) time.Duration {
	lasted := n.burst.add(at)
	if n.cfg.Settle > 0 {
		return n.cfg.Settle
	}
	quiet := min(max(lasted, quietMin), quietMax)
	if n.w != nil && n.w.phase != idle && m.now.Sub(n.w.startedAt) < recentRun {
		quiet = max(quiet, quietBusy)
	}
	return quiet
}

// num is the number of the last run, or of the last generation.
func (n *node) num() int {
	if n.w != nil {
		return n.w.run
	}
	return n.p.last
}

// command carries out a request made by hand: at once, whatever upstream does, except that it waits for nodes
// upstream that get the same request.
func (m *Machine) command(ev Command) {
	if m.ending.begun || !m.started {
		return
	}
	var all nodeset
	for _, i := range ev.Nodes {
		if !m.nodes[i].gone {
			all.add(i)
		}
	}
	for _, i := range m.order {
		n := m.nodes[i]
		if !all.has(i) {
			continue
		}
		switch ev.Verb {
		case Stop:
			if n.p != nil {
				n.p.takenSince, n.p.dueSince = 0, 0
				n.pending.take()
			}
			m.halt(n, ByHand)
		case Resume:
			n.off = false
			if n.p != nil && (!n.p.wanted || !n.p.running() && n.p.phase != procStopping) {
				m.startByHand(n)
				n.p.turn = turnOf(n, all)
			}
		case Trigger, Restart:
			n.off = false
			m.renewByHand(n, all)
		}
	}
}

// halt ends what a node does for good.
func (m *Machine) halt(n *node, why Why) {
	n.off = true
	switch p := n.p; {
	case p != nil:
		p.wanted, p.due, p.parked, p.dropped = false, "", false, nil
		m.stopProcess(n, why, "")
		m.on(n, &p.generation, onStop, occasion{why: why}) // also if none lives
	case n.w.phase == running:
		m.cancelRun(n, why, "")
	}
}

// turnOf is when a node may act, if all of these get the same request.
func turnOf(n *node, all nodeset) turn {
	if n.up.meets(all) {
		return onceSettled
	}
	return atOnce
}

// renewByHand runs a watcher, or restarts a process: now, or in its turn among all that get the same request.
func (m *Machine) renewByHand(n *node, all nodeset) {
	inTurn := turnOf(n, all) == onceSettled
	n.feedback = feedback{}
	switch {
	case n.p != nil && !inTurn:
		if m.startByHand(n); !n.overlaps() {
			m.stopProcess(n, ByHand, "")
		}
		return
	case n.p != nil && !n.p.live():
		m.startByHand(n)
		n.p.turn = onceSettled
		return
	case n.p != nil:
		n.p.wanted, n.pending.noReload = true, true
	}
	n.pending.mark(all, ByHand, "", m.clock)
	n.pending.why, n.pending.by = ByHand, ""
	n.pending.all, n.pending.fresh, n.pending.settling = true, true, false
	n.pending.hand = n.pending.hand || !inTurn
}

// report emits a report about a node.
func (m *Machine) report(n *node, r Report) {
	r.ID, r.Node, r.Watcher, r.Gone = n.id, n.cfg.Name, n.w != nil, n.cfg.Gone
	r.Relay = n.w != nil && n.w.relays()
	m.do(r)
}

func (m *Machine) name(node int) string { return m.nodes[node].cfg.Name }

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

// neverPassed names the first watcher upstream of n that should have passed and never did; -1 if there is
// none: everything is built, though perhaps not up to date.
func (m *Machine) neverPassed(n *node) int {
	return m.upstream(n, func(u *node) bool { return u.w != nil && !u.w.everPassed && u.w.asked })
}

// meets tells whether the dependency's state meets the condition.
func (m *Machine) meets(need Need) bool {
	d := m.nodes[need.Node]
	switch need.Condition {
	case schema.Passed:
		return d.w.everPassed || !d.w.asked
	case schema.Started:
		return d.p.pid != 0 || d.p.phase == procEnded
	case schema.IsReady:
		return d.p.phase == procReady
	case schema.Succeeded:
		return d.p.endedItself() && d.p.end.OK()
	}
	return false
}
