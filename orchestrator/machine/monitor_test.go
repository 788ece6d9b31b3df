package machine

import (
	"fmt"
	"slices"
	"time"
)

// monitor checks what must always hold. It has its own idea of the state of
// every node, made only of what went in and what came out; the machine's
// Status serves it as an excuse where a wait is nobody's fault.
type monitor struct {
	cfg    Config
	nodes  []*facts
	seq    int // counts steps
	now    time.Time
	steps  []int     // of each cause from outside: the step that it came with
	reach  []nodeset // of each cause from outside: whom it made dirty, directly or by triggers
	spread []nodeset // the same, with all whom it would have, had it still been there to hand on
	stages int       // live, but for those
	remote int       // that are remote
	ending bool
	paused bool
	hard   bool
	asked  int // the exit code that somebody asked for
	exits  int
	code   int
	status []NodeStatus

	touching int               // triggers that are being touched
	barriers map[int]*question // by id
}

// facts is what is known of one node.
type facts struct {
	name string
	up   nodeset
	ins  nodeset // upstream, but not beyond a process
	w    *Watcher
	p    *Process

	causes     []int // why it must act: what came in from outside, not yet acted on
	taken      []int // what its run or generation was started for
	owed       []int // what its runs since the last pass were started for
	hand       bool  // asked for by hand: waits for nothing
	inTurn     bool  // the same, but for what is upstream of it
	again      bool  // it may start once more
	againSeq   int   // since this step
	withheld   []int // what the runs were for that have passed, and whose triggers are not touched yet
	unhanded   bool  // a stage has run since its trigger was last touched
	kept       bool  // a run passed that was not the last one: what it made may not have been handed on
	own        bool  // a file that it watches itself has changed
	newest     int   // the last step of what those runs were for that made it start again, or touched its trigger
	tookOwn    bool
	tookNewest int
	urgent     bool // touched from outside or let through: does not wait for upstream
	stale      bool // let through
	tookStale  bool
	tookHand   bool // it was asked for by hand
	tookTurn   bool // the same, in its turn
	handed     bool // the trigger of a run that was let through has touched it
	tookHanded bool // its generation was started for that
	off        bool // stopped by hand, or never meant to start, or gone
	gone       bool // not in the configuration any more
	back       bool // it has come back, and not started since
	asked      bool // a watcher: it was to run at the start, or has run, since it is in the configuration
	startSeq   int
	startedAt  time.Time
	saw        map[int]map[int]string // what was left by those upstream when it started
	since      int                    // of the first of causes
	owedSince  int                    // of the first of owed

	// A watcher.
	run        int
	active     bool // between the start of a run and its end
	cancelling bool
	stages     map[int]bool // live; true: remote
	ran        bool         // the run has started a stage
	passed     bool         // ever
	failed     bool
	failRoots  map[int]bool // what the failures since the last pass were started for
	passSeq    map[int]int  // when a run for this cause last passed

	makes     map[int]string // by its stages: what each has made
	fresh     bool           // no earlier pass may stand for what it runs next
	tookFresh bool
	runs      *Watcher // as its last run was started
	executed  bool     // no earlier pass stood for a stage of the run

	// A process.
	gen      int
	last     int // the number of the last started
	live     bool
	pid      bool
	ready    bool
	unready  bool
	stopping bool
	crashed  bool // ended by itself, and nothing was decided since
	ended    bool // ended by itself
	wrote    bool // what it watches, or another one did, as was seen
	end      End
	why      Why // it starts, by the report before
	beside   *second
	rise     rise
	begun    int // the step of its last start, but for those by a crash alone
}

// second is a generation beside the one that serves: a new one, or an old one
// that ends.
type second struct {
	gen                int
	new, pid, stopping bool
	birth              birth
}

func newMonitor(cfg Config) *monitor {
	mon := &monitor{cfg: cfg, barriers: map[int]*question{}}
	for i := range cfg.Nodes {
		n := &cfg.Nodes[i]
		mon.nodes = append(mon.nodes, &facts{name: n.Name, w: n.Watcher, p: n.Process, stages: map[int]bool{}, makes: map[int]string{}, saw: map[int]map[int]string{},
			failRoots: map[int]bool{}, passSeq: map[int]int{}, off: n.Process != nil})
	}
	mon.link()
	return mon
}

// link notes who is upstream of whom.
func (mon *monitor) link() {
	for _, n := range mon.nodes {
		n.up, n.ins = nil, nil
	}
	for range mon.nodes { // as often as the longest path may be long
		for i, n := range mon.cfg.Nodes {
			for _, u := range n.Upstream {
				mon.nodes[i].up.add(u)
				mon.nodes[i].up.union(mon.nodes[u].up)
				mon.nodes[i].ins.add(u)
				if mon.nodes[u].w != nil {
					mon.nodes[i].ins.union(mon.nodes[u].ins)
				}
			}
		}
	}
}

func (mon *monitor) observe(now time.Time, ev Event, actions []Action, status []NodeStatus) error {
	mon.seq++
	mon.now = now
	mon.status = status
	if p, ok := ev.(Pause); ok {
		mon.paused = p.On
	}
	if _, ok := ev.(Touched); ok {
		mon.touching--
	}
	mon.event(ev)
	mon.rises()
	for _, a := range actions {
		if err := mon.action(a); err != nil {
			return err
		}
	}
	if err := mon.slowed(ev); err != nil {
		return err
	}
	return mon.unanswered()
}

// slowed checks who waits because of keeping to wake itself: nobody for longer
// than a second of whom it was not seen, nor at all once somebody has asked.
func (mon *monitor) slowed(ev Event) error {
	asked := false
	switch ev.(type) {
	case Await, Asked:
		asked = true
	}
	for i, st := range mon.status {
		if n := mon.nodes[i]; st.Hold.Kind == SlowedDown && !n.wrote && (asked || st.Hold.Until.Sub(mon.now) > time.Second) {
			return fmt.Errorf("%s is held back until %s, but nobody has seen it write", n.name, since(st.Hold.Until))
		}
	}
	return nil
}

// root notes a cause from outside, and whom it touches.
func (mon *monitor) root(nodes ...int) int {
	var touched nodeset
	for _, i := range nodes {
		touched.add(i)
	}
	mon.steps = append(mon.steps, mon.seq)
	mon.reach, mon.spread = append(mon.reach, touched), append(mon.spread, touched.clone())
	return len(mon.reach) - 1
}

func (mon *monitor) event(ev Event) {
	switch ev := ev.(type) {
	case Start:
		mon.start()
	case FilesChanged:
		for _, c := range ev.Changes {
			root := mon.root(c.Nodes...)
			for _, i := range c.Nodes {
				mon.nodes[i].wrote = mon.nodes[i].wrote || len(c.Writers) > 0
				if n := mon.nodes[i]; !n.gone && (n.w != nil || !n.off) {
					mon.cause(n, root)
					mon.written(i)
					n.own = true
					n.urgent = n.urgent || c.AtOnce
				}
			}
		}
	case Command:
		mon.command(ev)
	case StageExited:
		if n := mon.nodes[ev.Node]; n.run == ev.Run && n.alive(ev.Stage) {
			mon.stageEnded(n, ev)
			if n.cancelling && len(n.stages) == 0 {
				n.active, n.cancelling = false, false
			}
		}
	case ProcessStarted:
		n := mon.nodes[ev.Node]
		switch {
		case n.live && n.gen == ev.Gen:
			n.pid = true
			if !n.p.Probed && !n.stopping && !n.ready {
				n.ready, n.rise.readyAt = true, mon.now
			}
		case n.beside != nil && n.beside.gen == ev.Gen:
			n.beside.pid = true
			if !n.p.Probed {
				mon.takeOver(ev.Node)
			}
		}
	case ProcessReady:
		n := mon.nodes[ev.Node]
		switch {
		case n.live && n.gen == ev.Gen && !n.stopping:
			if !n.ready {
				n.rise.readyAt = mon.now
			}
			n.ready, n.unready = true, false
		case n.beside != nil && n.beside.gen == ev.Gen:
			mon.takeOver(ev.Node)
		}
	case ProcessExited:
		mon.exited(mon.nodes[ev.Node], ev)
	case Reconfigure:
		mon.reconfigure(ev)
	case Await:
		q := newQuestion(mon.seq)
		for i, n := range mon.nodes {
			if len(ev.Nodes) == 0 && !n.gone {
				q.nodes.add(i)
			}
		}
		for _, i := range ev.Nodes {
			q.nodes.add(i)
			q.nodes.union(mon.nodes[i].up)
		}
		mon.barriers[ev.ID] = q
	case Forget:
		delete(mon.barriers, ev.ID)
	case Shutdown:
		mon.hard = mon.hard || ev.Hard || mon.ending
		if !mon.ending {
			mon.ending, mon.asked = true, ev.Code
			for _, n := range mon.nodes {
				n.cancelling = len(n.stages) > 0
				n.active = n.cancelling
			}
		}
	}
}

// reconfigure takes in another configuration.
func (mon *monitor) reconfigure(ev Reconfigure) {
	mon.cfg = ev.Config
	if mon.ending {
		mon.link()
		return
	}
	var touched []int
	for i, n := range mon.nodes {
		c := &mon.cfg.Nodes[i]
		switch {
		case c.Gone && !n.gone:
			n.forget()
			n.gone, n.off = true, true
		case !c.Gone && n.gone:
			n.forget()
			n.gone, n.back, n.startSeq = false, true, mon.seq
			n.off = n.p != nil && !c.Process.Start
			n.active = len(n.stages) > 0 // what had only to be delivered is not wanted any more
			if n.w != nil && c.Watcher.OnStart {
				touched = append(touched, i)
			}
		case slices.Contains(ev.Changed, i) && (n.p != nil || c.Watcher.OnStart || n.asked || len(n.causes) > 0):
			touched = append(touched, i)
		}
		if !c.Gone {
			n.w, n.p = c.Watcher, c.Process
		}
		clear(n.passSeq) // who is upstream of whom was another matter
	}
	mon.link()
	root := mon.root(touched...)
	for i, n := range mon.nodes {
		switch {
		case n.back && n.p != nil && !n.off && len(n.causes) == 0:
			mon.cause(n, mon.root(i))
		case slices.Contains(touched, i) && (n.w != nil || !n.off):
			mon.cause(n, root)
			n.asked = n.asked || n.w != nil && n.w.OnStart
		}
	}
}

// forget leaves of a node only what still runs.
func (n *facts) forget() {
	n.causes, n.taken, n.owed, n.withheld = nil, nil, nil, nil
	n.own, n.newest, n.tookOwn, n.tookNewest = false, 0, false, 0
	n.hand, n.again, n.kept, n.urgent, n.stale, n.tookStale, n.tookHand, n.handed, n.tookHanded = false, false, false, false, false, false, false, false, false
	n.fresh, n.asked, n.passed, n.failed, n.crashed, n.ended = false, false, false, false, false, false
	n.rise = rise{birth: n.rise.birth, readyAt: n.rise.readyAt}
	clear(n.failRoots)
}

// takeOver swaps the new generation and the old one.
func (mon *monitor) takeOver(node int) {
	n := mon.nodes[node]
	b := n.beside
	if !b.new || b.stopping || mon.ending {
		return
	}
	n.rise.birth, n.rise.readyAt, n.rise.reloadedAt, n.rise.behind = b.birth, mon.now, time.Time{}, false
	n.beside = &second{gen: n.gen, pid: n.pid}
	n.gen, n.pid, n.ready, n.unready = b.gen, b.pid, true, false
	mon.restarted(node)
}

func (mon *monitor) exited(n *facts, ev ProcessExited) {
	b := n.beside
	switch {
	case b != nil && b.gen == ev.Gen:
		n.rise.dropped = n.rise.dropped || b.new && !b.stopping && !mon.ending
		n.beside = nil
	case !n.live || n.gen != ev.Gen:
	case b != nil && b.new && !b.stopping && !n.stopping && !mon.ending:
		n.gen, n.pid, n.ready, n.unready, n.beside = b.gen, b.pid, false, false, nil
		n.rise.birth, n.rise.behind = b.birth, false
	default:
		mon.ended(n, ev.End)
		n.crashed = !n.stopping
		n.ended, n.end = !n.stopping, ev.End
		n.live, n.pid, n.ready, n.unready = false, false, false, false
	}
}

// cause notes why a node must act.
func (mon *monitor) cause(n *facts, roots ...int) {
	if len(n.causes) == 0 {
		n.since = mon.seq
	}
	n.causes = append(n.causes, roots...)
}

// start makes the cause 0, which touches every watcher that runs at start.
func (mon *monitor) start() {
	mon.root()
	for _, q := range mon.barriers {
		q.step = mon.seq
	}
	for i, n := range mon.nodes {
		switch {
		case n.p != nil && (n.p.Start && !mon.cfg.Once || mon.cfg.Once && mon.serves(n)):
			n.off = false
			mon.cause(n, 0)
		case n.w != nil && (n.w.OnStart || mon.cfg.Once):
			mon.cause(n, 0)
			mon.reach[0].add(i)
			mon.spread[0].add(i)
			n.asked = true
		}
	}
}

// command takes in a request by hand. Whoever is downstream of another one in it
// is to wait for that.
func (mon *monitor) command(ev Command) {
	if mon.ending {
		return
	}
	var all nodeset
	var known []int
	for _, i := range ev.Nodes {
		if !mon.nodes[i].gone && !all.has(i) {
			all.add(i)
			known = append(known, i)
		}
	}
	root := mon.root()
	for _, i := range known {
		n := mon.nodes[i]
		asked := func() {
			mon.reach[root].add(i)
			mon.spread[root].add(i)
			mon.cause(n, root)
			n.fresh = n.w != nil
			if n.up.meets(all) {
				n.inTurn = true
			} else {
				n.hand = true
			}
		}
		switch ev.Verb {
		case Stop:
			n.off = true
			if n.p != nil {
				n.causes, n.hand, n.inTurn, n.urgent, n.crashed, n.ended = nil, false, false, false, false, false
				n.again, n.stale, n.handed, n.own, n.newest = false, false, false, false, 0
				n.rise = rise{birth: n.rise.birth, readyAt: n.rise.readyAt, lived: n.rise.lived}
			}
		case Resume:
			if n.p != nil && (n.off || !n.live) {
				asked()
			}
			n.off = false
		case Trigger, Restart:
			n.off = false
			asked()
		}
	}
}

// serves tells whether a watcher waits for the process, through others or not.
func (mon *monitor) serves(p *facts) bool {
	i := slices.Index(mon.nodes, p)
	for j, n := range mon.nodes {
		for _, need := range mon.cfg.Nodes[j].Needs {
			if need.Node == i && (n.w != nil || mon.serves(n)) {
				return true
			}
		}
	}
	return false
}
