package machine

import (
	"time"

	"devloop/schema"
)

// stableAfter is how long a process must have run for its earlier failures to
// be forgotten.
const stableAfter = 10 * time.Second

// process is the state of a supervised command.
type process struct {
	generation       // the one that serves, or is to serve
	side       *side // beside it, for a while: see update.go
	last       int   // the number of the last started generation
	wanted     bool  // it is meant to run
	due        Why   // it is to be started, for this reason, as soon as its dependencies allow
	dueBy      string
	turn       turn   // when, if it is due by hand
	begun      bool   // it has been started since it is in the configuration
	restarts   int    // starts after the first
	takenSince uint64 // the oldest step that its generations have taken and are not done with
	dueSince   uint64 // of due, if it was by hand or at start: see await.go
	checking   bool   // a watcher upstream is busy, see checking.go
	parked     bool   // it is down for that reason
	dropped    *Drop  // the last new version, if it was dropped
	behind     bool   // the generation that serves is not of the newest version

	failures       int // in a row
	backoffUntil   time.Time
	end            End           // of the last generation
	endedEarly     bool          // it ended before it was ready, and should have been
	lived          time.Duration // how long it lived, if it crashed and none has been up since
	wasReady       bool          // a generation of this version has been ready
	wasReadyBefore bool          // one of an earlier version has
}

// turn is when a process starts that was asked for by hand.
type turn int

const (
	atOnce      turn = iota
	onceMet          // when its needs are met
	onceSettled      // when the nodes upstream that got the same request are done
)

// endedItself tells whether the last generation ended without being asked, and no other has started since.
func (p *process) endedItself() bool {
	switch p.phase {
	case procBackoff, procUnbuilt, procEnded, procGaveUp:
		return true
	}
	return false
}

// procPhase is the phase of a generation or, if none lives, how the last one ended. Its words are those of
// [NodeStatus].
type procPhase string

const (
	procIdle      procPhase = "idle"        // never started, or stopped
	procStarting  procPhase = "starting"    // running, not ready yet
	procReady     procPhase = "ready"       // running
	procUnready   procPhase = "unready"     // running, but it was not ready in time
	procCandidate procPhase = "candidate"   // starting beside the one that serves, see update.go
	procStopping  procPhase = "stopping"    // asked to end
	procBackoff   procPhase = "backing off" // it failed and starts again later
	procUnbuilt   procPhase = "not built"   // it failed before its upstream ever passed
	procEnded     procPhase = "ended"       // it ended, and is not to be started again by itself
	procGaveUp    procPhase = "gave up"     // it failed too often
)

// procEvent is what can happen to a generation.
type procEvent int

const (
	onDue     procEvent = iota // there is a reason for another one, see reason
	onReady                    // ProcessReady, or ProcessStarted of one without a check
	onTime                     // its deadline has passed
	onExit                     // ProcessExited
	onStop                     // it is to end
	onKill                     // it is to end at once
	allEvents int       = iota
)

// processTable is the life of a process: what is done in each phase at each event.
var processTable = map[procPhase][allEvents]procVerb{
	procIdle:      {onDue: start, onReady: none, onTime: none, onExit: none, onStop: none, onKill: none},
	procStarting:  {onDue: restart, onReady: serve, onTime: markUnready, onExit: judge, onStop: stop, onKill: kill},
	procReady:     {onDue: renew, onReady: none, onTime: markUp, onExit: handOver, onStop: stop, onKill: kill},
	procUnready:   {onDue: retry, onReady: serve, onTime: none, onExit: handOver, onStop: stop, onKill: kill},
	procCandidate: {onDue: replace, onReady: takeOver, onTime: dropLate, onExit: drop, onStop: stop, onKill: kill},
	procStopping:  {onDue: none, onReady: none, onTime: killLate, onExit: end, onStop: none, onKill: kill},
	procBackoff:   {onDue: start, onReady: none, onTime: none, onExit: none, onStop: forget, onKill: none},
	procUnbuilt:   {onDue: start, onReady: none, onTime: none, onExit: none, onStop: forget, onKill: none},
	procEnded:     {onDue: start, onReady: none, onTime: none, onExit: none, onStop: forget, onKill: none},
	procGaveUp:    {onDue: start, onReady: none, onTime: none, onExit: none, onStop: forget, onKill: none},
}

// procVerb is what is done, and the phases in which that may leave the generation, unchanged if there are
// none; "gone" means that there is none left.
type procVerb struct {
	words, to string
	do        func(*Machine, *node, *generation, occasion) // nil: nothing
}

// occasion is what comes with an event.
type occasion struct {
	why Why // of onDue and onStop
	by  string
	end End // of onExit
}

var (
	none        = procVerb{"–", "", nil}
	start       = procVerb{"start", "starting", (*Machine).becomeStarting}
	serve       = procVerb{"serve", "ready", (*Machine).becomeReady}
	markUnready = procVerb{"report", "unready", (*Machine).becomeUnready}
	markUp      = procVerb{"count as up", "", (*Machine).becomeUp}
	renew       = procVerb{"reload, start a candidate, or stop", "ready, stopping", (*Machine).renew}
	retry       = procVerb{"start a candidate, or stop", "unready, stopping", (*Machine).renew}
	restart     = procVerb{"stop; a start is due", "stopping", (*Machine).restart}
	replace     = procVerb{"stop; another is due", "stopping", (*Machine).replace}
	takeOver    = procVerb{"serve; stop the old one", "ready", (*Machine).takeOver}
	drop        = procVerb{"drop", "gone", (*Machine).drop}
	dropLate    = procVerb{"drop and stop", "stopping", (*Machine).dropLate}
	judge       = procVerb{"judge its end", "backing off, not built, ended, gave up", (*Machine).becomeEnded}
	handOver    = procVerb{"go on with a candidate, or judge its end", "starting, " + judge.to, (*Machine).handOver}
	stop        = procVerb{"stop", "stopping", (*Machine).becomeStopping}
	kill        = procVerb{"kill", "stopping", (*Machine).kill}
	killLate    = procVerb{"report and kill", "", (*Machine).killOverdue}
	end         = procVerb{"report", "idle, gone", (*Machine).becomeStopped}
	forget      = procVerb{"forget", "idle", (*Machine).becomeIdle}
)

// on does what the table says, and tells whether that is anything.
func (m *Machine) on(n *node, g *generation, ev procEvent, o occasion) bool {
	verb := processTable[g.phase][ev]
	if verb.do != nil {
		verb.do(m, n, g, o)
	}
	return verb.do != nil
}

// actProcess starts or renews a process, if there is a reason and nothing holds
// that back.
func (m *Machine) actProcess(n *node) bool {
	p := n.p
	switch {
	case !p.wanted:
		return false
	case m.park(n):
		return true
	case p.phase == procStopping:
		return false
	}
	m.reportHeld(n)
	why, by, ok := m.reason(n)
	newest := &p.generation
	if p.side != nil {
		newest = &p.side.generation
	}
	return ok && m.on(n, newest, onDue, occasion{why: why, by: by})
}

// reason is why the next generation of a process may start now.
func (m *Machine) reason(n *node) (why Why, by string, ok bool) {
	p, free := n.p, n.hold.Kind == NotHeld
	switch {
	case p.parked:
		return ByChecked, "", free
	case p.due != "" && (free || p.running() && p.turn == atOnce):
		return p.due, p.dueBy, true
	case n.pending.dirty && free:
		return n.pending.why, n.pending.by, true
	case p.running() || m.holdNeeds(n).Kind != NotHeld:
		return "", "", false
	case p.phase == procBackoff: // even while a change is held
		return ByCrash, "", !p.backoffUntil.After(m.now)
	case p.phase == procUnbuilt:
		return ByPass, "", m.neverPassed(n) < 0
	}
	return "", "", false
}

// stopProcess asks every generation to end that has not been asked yet, and tells whether there was one.
func (m *Machine) stopProcess(n *node, why Why, by string) (stopped bool) {
	for _, g := range n.p.generations() {
		stopped = m.on(n, g, onStop, occasion{why: why, by: by}) || stopped
	}
	return stopped
}

// killProcess ends every generation at once.
func (m *Machine) killProcess(n *node) {
	for _, g := range n.p.generations() {
		m.on(n, g, onKill, occasion{})
	}
}

// startByHand makes it due now, whatever the rest of the graph does: checks that are already running do not
// stop it again, see park.
func (m *Machine) startByHand(n *node) {
	p := n.p
	p.wanted, p.due, p.dueBy, p.parked, p.turn = true, ByHand, "", false, atOnce
	p.checking = m.checking(n) >= 0
	p.dueSince = older(p.dueSince, m.clock)
}

// generation finds a live generation that an event is about, nil if it is gone.
func (m *Machine) generation(id, gen int) (*node, *generation) {
	n := m.nodes[id]
	if n.p != nil {
		for _, g := range n.p.generations() {
			if g.gen == gen {
				return n, g
			}
		}
	}
	return n, nil
}

func (m *Machine) processStarted(ev ProcessStarted) {
	n, g := m.generation(ev.Node, ev.Gen)
	if g == nil {
		return
	}
	if g.pid = ev.PID; !n.cfg.Process.Probed {
		m.on(n, g, onReady, occasion{})
	}
}

func (m *Machine) processEvent(id, gen int, ev procEvent, end End) {
	if n, g := m.generation(id, gen); g != nil {
		m.on(n, g, ev, occasion{end: end})
	}
}

// retries is how many failures in a row lead to another start; 0: any number. If an earlier version was ready
// and this one never was, the change is the likely cause, so it is tried only once more, unless restart or
// give_up ask for every attempt.
func (p *process) retries(cfg *Process) int {
	limit := cfg.Backoff.GiveUp
	if cfg.Restart == schema.RestartOnFailure && p.wasReadyBefore && !p.wasReady {
		limit = min(limit, 1)
	}
	return limit
}

// backoff is the wait after so many failures in a row: it doubles each time.
func backoff(b schema.Backoff, failures int) time.Duration {
	wait := b.Initial
	for i := 1; i < failures && wait < b.Max; i++ {
		wait *= 2
	}
	return min(wait, max(b.Max, b.Initial))
}
