package machine

import (
	"fmt"
	"slices"

	"devloop/schema"
)

// monitor checks what must always hold. It has its own idea of the state of
// every node, made only of what went in and what came out; the machine's
// Status serves it as an excuse where a wait is nobody's fault.
type monitor struct {
	cfg    Config
	nodes  []*facts
	seq    int       // counts steps
	reach  []nodeset // of each cause from outside: whom it made dirty, directly or by triggers
	stages int       // live
	ending bool
	hard   bool
	asked  int // the exit code that somebody asked for
	exits  int
	code   int
	status []NodeStatus
}

// facts is what is known of one node.
type facts struct {
	name string
	up   nodeset
	w    *Watcher
	p    *Process

	causes    []int // why it must act: what came in from outside, not yet acted on
	taken     []int // what its run or generation was started for
	owed      []int // what its runs since the last pass were started for
	hand      bool  // asked for by hand: waits for nothing
	again     bool  // it may start once more
	urgent    bool  // touched from outside or let through: does not wait for upstream
	stale     bool  // let through
	tookStale bool
	off       bool // stopped by hand, or never meant to start
	startSeq  int
	changeSeq int // of the last cause
	since     int // of the first of causes
	owedSince int // of the first of owed

	// A watcher.
	run        int
	active     bool // between the start of a run and its end
	cancelling bool
	stages     map[int]bool // live
	ran        bool         // the run has started a stage
	passed     bool         // ever
	failed     bool
	failRoots  map[int]bool // what the failures since the last pass were started for
	passSeq    map[int]int  // when a run for this cause last passed

	// A process.
	gen      int
	live     bool
	pid      bool
	ready    bool
	unready  bool
	stopping bool
	crashed  bool // ended by itself, and nothing was decided since
	ended    bool // ended by itself
	end      End
	why      Why // it starts, by the report before
}

func newMonitor(cfg Config) *monitor {
	mon := &monitor{cfg: cfg}
	for i := range cfg.Nodes {
		n := &cfg.Nodes[i]
		mon.nodes = append(mon.nodes, &facts{name: n.Name, w: n.Watcher, p: n.Process, stages: map[int]bool{},
			failRoots: map[int]bool{}, passSeq: map[int]int{}, off: n.Process != nil})
	}
	for range cfg.Nodes { // as often as the longest path may be long
		for i, n := range cfg.Nodes {
			for _, u := range n.Upstream {
				mon.nodes[i].up.add(u)
				mon.nodes[i].up.union(mon.nodes[u].up)
			}
		}
	}
	return mon
}

func (mon *monitor) observe(ev Event, actions []Action, status []NodeStatus) error {
	mon.seq++
	mon.status = status
	mon.event(ev)
	for _, a := range actions {
		if err := mon.action(a); err != nil {
			return err
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
	mon.reach = append(mon.reach, touched)
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
				if n := mon.nodes[i]; n.w != nil || !n.off {
					mon.cause(n, root)
					n.urgent = n.urgent || c.AtOnce
				}
			}
		}
	case Command:
		if !mon.ending {
			mon.command(ev.Verb, mon.nodes[ev.Node])
		}
	case StageExited:
		if n := mon.nodes[ev.Node]; n.run == ev.Run && n.stages[ev.Stage] {
			delete(n.stages, ev.Stage)
			mon.stages--
			if n.cancelling && len(n.stages) == 0 {
				n.active, n.cancelling = false, false
			}
		}
	case ProcessStarted:
		if n := mon.nodes[ev.Node]; n.live && n.gen == ev.Gen {
			n.pid = true
			n.ready = n.ready || !n.p.Probed && !n.stopping
		}
	case ProcessReady:
		if n := mon.nodes[ev.Node]; n.live && n.gen == ev.Gen && !n.stopping {
			n.ready, n.unready = true, false
		}
	case ProcessExited:
		if n := mon.nodes[ev.Node]; n.live && n.gen == ev.Gen {
			n.crashed = !n.stopping
			n.ended, n.end = !n.stopping, ev.End
			n.live, n.pid, n.ready, n.unready = false, false, false, false
		}
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

// cause notes why a node must act.
func (mon *monitor) cause(n *facts, roots ...int) {
	if len(n.causes) == 0 {
		n.since = mon.seq
	}
	n.causes = append(n.causes, roots...)
	n.changeSeq = mon.seq
}

// start makes the cause 0, which touches every watcher that runs at start.
func (mon *monitor) start() {
	mon.root()
	for i, n := range mon.nodes {
		switch {
		case n.p != nil && (n.p.Start && !mon.cfg.Once || mon.cfg.Once && mon.serves(n)):
			n.off = false
			mon.cause(n, 0)
		case n.w != nil && (n.w.OnStart || mon.cfg.Once):
			mon.cause(n, 0)
			mon.reach[0].add(i)
		}
	}
}

func (mon *monitor) command(verb Verb, n *facts) {
	asked := func() {
		mon.cause(n, mon.root(slices.Index(mon.nodes, n)))
		n.hand = true
	}
	switch verb {
	case Stop:
		n.off = true
		if n.p != nil {
			n.causes, n.hand, n.urgent, n.crashed, n.ended = nil, false, false, false, false
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

func (mon *monitor) action(a Action) error {
	switch a := a.(type) {
	case Report:
		return mon.report(a)
	case StartStage:
		n := mon.nodes[a.Node]
		switch {
		case mon.ending:
			return fmt.Errorf("a stage of %s starts after the shut-down", n.name)
		case !n.active || n.run != a.Run:
			return fmt.Errorf("a stage of %s starts outside a run", n.name)
		case n.stages[a.Stage]:
			return fmt.Errorf("stage %d of %s starts twice", a.Stage, n.name)
		}
		n.stages[a.Stage], n.ran = true, true
		if mon.stages++; mon.stages > mon.cfg.Jobs {
			return fmt.Errorf("%d stages run, %d may", mon.stages, mon.cfg.Jobs)
		}
	case StopStage:
		if n := mon.nodes[a.Node]; n.run != a.Run || !n.stages[a.Stage] {
			return fmt.Errorf("stage %d of %s is stopped, but does not run", a.Stage, n.name)
		}
	case KillStage:
		if n := mon.nodes[a.Node]; n.run != a.Run || !n.stages[a.Stage] {
			return fmt.Errorf("stage %d of %s is killed, but does not run", a.Stage, n.name)
		}
	case Touch:
		mon.touch(a.Node)
	case StartProcess:
		return mon.startProcess(a)
	case StopProcess:
		n := mon.nodes[a.Node]
		if !n.live || n.gen != a.Gen || n.stopping {
			return fmt.Errorf("%s@%d is stopped, but does not run", n.name, a.Gen)
		}
		n.stopping, n.ready, n.unready = true, false, false
		if !mon.ending {
			return nil // checked where it was reported, with its reason
		}
		for i, d := range mon.nodes {
			if d.up.has(a.Node) && (d.live || len(d.stages) > 0) && !mon.hard {
				return fmt.Errorf("%s is shut down before %s, which depends on it", n.name, mon.nodes[i].name)
			}
		}
	case KillProcess:
		n := mon.nodes[a.Node]
		if !n.live || n.gen != a.Gen {
			return fmt.Errorf("%s@%d is killed, but does not run", n.name, a.Gen)
		}
		n.stopping, n.ready, n.unready = true, false, false
	case ReloadProcess:
		n := mon.nodes[a.Node]
		if !n.live || n.gen != a.Gen || !n.ready {
			return fmt.Errorf("%s@%d is reloaded, but is not ready", n.name, a.Gen)
		}
	case Exit:
		mon.exits++
		mon.code = a.Code
		for _, n := range mon.nodes {
			if n.live || len(n.stages) > 0 {
				return fmt.Errorf("the loop ends while %s is alive", n.name)
			}
		}
	}
	if mon.exits > 1 {
		return fmt.Errorf("the loop ends twice")
	}
	return nil
}

// touch hands what a run was for on to those who read its trigger.
func (mon *monitor) touch(node int) {
	n := mon.nodes[node]
	for _, r := range mon.cfg.Nodes[node].Readers {
		d := mon.nodes[r.Node]
		if d.p != nil && d.off {
			continue
		}
		mon.cause(d, n.taken...)
		for _, root := range n.taken {
			mon.reach[root].add(r.Node)
		}
		through := len(n.causes) > 0 || n.tookStale
		d.urgent, d.stale = d.urgent || through, d.stale || through
	}
}

func (mon *monitor) report(r Report) error {
	n := mon.nodes[r.Node]
	switch r.Kind {
	case RunStarted:
		if n.active {
			return fmt.Errorf("%s starts a run during another", n.name)
		}
		if err := mon.mayStart(r.Node, r.Why, true); err != nil {
			return err
		}
		mon.take(n)
		n.active, n.ran, n.run = true, false, r.Num
	case RunCancelled:
		n.causes = append(slices.Clone(n.taken), n.causes...)
		n.cancelling = len(n.stages) > 0
		n.active = n.cancelling
	case RunPassed:
		n.active, n.passed, n.failed = false, true, false
		clear(n.failRoots)
		mon.overtaken(r.Node)
		n.owed = nil
	case RunFailed:
		n.active, n.failed = false, true
		for _, root := range n.taken {
			n.failRoots[root] = true
		}
		if mon.cfg.Once {
			mon.ending, mon.asked = true, 1
		}
	case Stopping:
		if mon.cfg.Once && r.Why == ByShutdown && !mon.ending {
			mon.ending, mon.asked = true, mon.verdict()
		}
		switch {
		case mon.ending || n.off && r.Why == ByHand:
			return nil
		case n.off:
			return fmt.Errorf("%s is stopped by %s, but was stopped by hand", n.name, r.Why)
		}
		return mon.mayStart(r.Node, r.Why, r.Why != ByHand)
	case Reloading:
		err := mon.mayStart(r.Node, r.Why, true)
		mon.take(n)
		return err
	case Unready:
		n.unready = true
	case Starting:
		n.why = r.Why
	}
	return nil
}

// overtaken notes who has started without waiting for this pass: they may start
// again, and must where the run made something of a cause that had reached them.
func (mon *monitor) overtaken(node int) {
	by := mon.nodes[node]
	for d, n := range mon.nodes {
		if !n.up.has(node) || n.startSeq < by.owedSince || n.p != nil && n.off {
			continue
		}
		n.again = true
		for _, root := range by.owed {
			if by.ran && mon.reach[root].has(d) {
				mon.cause(n, root)
			}
		}
	}
	if by.ran {
		for _, root := range by.owed {
			by.passSeq[root] = mon.seq
		}
	}
}

// take notes that a node starts, and what for.
func (mon *monitor) take(n *facts) {
	if len(n.owed) == 0 {
		n.owedSince = n.since
	}
	n.owed = append(n.owed, n.causes...)
	n.taken, n.causes = n.causes, nil
	n.tookStale, n.stale = n.stale, false
	n.hand, n.urgent, n.again, n.crashed, n.startSeq = false, false, false, false, mon.seq
}

func (mon *monitor) startProcess(a StartProcess) error {
	n := mon.nodes[a.Node]
	switch {
	case mon.ending:
		return fmt.Errorf("%s starts after the shut-down", n.name)
	case n.live:
		return fmt.Errorf("%s@%d starts while another generation lives", n.name, a.Gen)
	case n.off:
		return fmt.Errorf("%s starts, but nobody wants it", n.name)
	case a.Gen <= n.gen:
		return fmt.Errorf("%s@%d starts after %d", n.name, a.Gen, n.gen)
	}
	again := n.gen > 0
	err := mon.needsMet(a.Node)
	switch n.why {
	case ByHand:
		if !n.hand {
			err = fmt.Errorf("%s starts by hand, but nobody asked", n.name)
		}
	case ByStart:
		if n.gen > 0 {
			err = fmt.Errorf("%s starts as if for the first time", n.name)
		}
	case ByCrash, ByPass:
		if !n.crashed {
			err = fmt.Errorf("%s starts by %s, but did not crash", n.name, n.why)
		}
	default:
		if !n.stopping { // else it was decided when it was stopped
			err = mon.mayStart(a.Node, n.why, true)
		}
	}
	if err != nil {
		return err
	}
	mon.take(n)
	n.gen, n.live, n.stopping, n.ended = a.Gen, true, false, false
	if !again {
		return nil
	}
	for i := range mon.nodes {
		for _, need := range mon.cfg.Nodes[i].Needs {
			if d := mon.nodes[i]; need.Node == a.Node && need.Restart && d.live && !d.off {
				mon.cause(d, mon.root(i))
			}
		}
	}
	return nil
}

// mayStart checks a decision to start or replace a node: somebody wants it,
// and where a change does, nothing upstream is busy and something of what
// changed has not failed upstream.
func (mon *monitor) mayStart(node int, why Why, needs bool) error {
	n := mon.nodes[node]
	switch {
	case mon.ending:
		return fmt.Errorf("%s acts after the shut-down", n.name)
	case n.w != nil && n.off:
		return fmt.Errorf("%s runs, but was stopped by hand", n.name)
	case len(n.causes) == 0 && !n.again:
		return fmt.Errorf("%s acts (%s), but nobody asked for it", n.name, why)
	case n.hand:
		return nil
	}
	if needs {
		if err := mon.needsMet(node); err != nil {
			return err
		}
	}
	if n.urgent {
		return nil
	}
	for i, u := range mon.nodes {
		if n.up.has(i) && mon.busy(i) {
			return fmt.Errorf("%s acts (%s) while %s is busy upstream", n.name, why, u.name)
		}
	}
	for _, root := range n.causes {
		if !mon.failedUpstream(n, root) {
			return nil
		}
	}
	if n.again {
		return nil
	}
	return fmt.Errorf("%s acts (%s), but all that it acts on has failed upstream", n.name, why)
}

func (mon *monitor) failedUpstream(n *facts, root int) bool {
	for i, u := range mon.nodes {
		if n.up.has(i) && u.failed && u.failRoots[root] {
			return true
		}
	}
	return false
}

func (mon *monitor) busy(node int) bool {
	n := mon.nodes[node]
	if n.w != nil {
		return n.active || len(n.causes) > 0 && !n.off && mon.status[node].Busy
	}
	if n.live {
		return n.stopping || !n.ready && !n.unready
	}
	return !n.off && (len(n.causes) > 0 || n.crashed) && mon.status[node].Busy
}

func (mon *monitor) needsMet(node int) error {
	n := mon.nodes[node]
	if n.hand {
		return nil
	}
	for _, need := range mon.cfg.Nodes[node].Needs {
		if !mon.meets(need) {
			return fmt.Errorf("%s starts, but %s is not %s", n.name, mon.nodes[need.Node].name, need.Condition)
		}
	}
	return nil
}

func (mon *monitor) meets(need Need) bool {
	d := mon.nodes[need.Node]
	switch need.Condition {
	case schema.Passed:
		return d.passed || !d.w.OnStart && d.run == 0 && !mon.cfg.Once
	case schema.Started:
		return d.live && d.pid || d.ended && (mon.cfg.Once || !again(d.p, d.end))
	case schema.IsReady:
		return d.live && d.ready && !d.stopping
	}
	return d.ended && d.end.OK()
}

// again tells whether a process that ended so is to be started again.
func again(p *Process, end End) bool {
	return p.Restart == schema.RestartAlways || p.Restart == schema.RestartOnFailure && !end.OK()
}
