package report

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

const (
	queued = 1024 // how many events a reader may be behind before it misses some
	recent = 512  // how many events are kept for readers that come back; there is room for them in a queue
)

// Log turns what the loop does into events for its readers. One goroutine owns it.
type Log struct {
	boot    string // names this loop among all
	began   time.Time
	ending  bool // the loop has been told to end
	readers map[*Reader]struct{}
	seq     uint64          // of the last event
	ring    []control.Event // the last ones: that with the number n is at (n-1) modulo recent
	live    control.Live
	moved   bool // something has been reported since that was found
	meant   int  // the newest cycle that no crash began
	graph   *graph.Graph
	cycles  cycles
	built   built
	inputs  inputs
	saves   saves
	keep    func(cycle []byte) // outlives the loop, if it can
}

// Reader is a reader of events. It is never waited for: events that find no room in its queue are counted,
// and the count is sent when there is room again.
type Reader struct {
	queue  chan control.Event
	missed uint64 // since the last event that found room
}

// NewReader makes one that reads nothing yet.
func NewReader() *Reader { return &Reader{queue: make(chan control.Event, queued)} }

// Events is the reader's queue, for any goroutine. It is never closed.
func (r *Reader) Events() <-chan control.Event { return r.queue }

// NewLog begins a log of the nodes of the graph. keep gets every cycle that has ended, as a line of JSON, but for those
// of a crash alone.
func NewLog(g *graph.Graph, keep func(cycle []byte)) *Log {
	l := &Log{boot: rand.Text()[:12], began: time.Now(), readers: map[*Reader]struct{}{}, keep: keep, live: control.Live{State: string(machine.Building)},
		built: built{map[string]int{}, map[string]int{}}, inputs: inputs{map[string]bool{}}, saves: newSaves()}
	l.Follow(g)
	return l
}

// now is the moment, as events carry it.
func (l *Log) now() (int64, time.Time) {
	now := time.Now()
	return now.Sub(l.began).Nanoseconds(), now
}

// Follow changes the graph.
func (l *Log) Follow(g *graph.Graph) {
	l.graph = g
	l.cycles.follow(g)
}

// Began says that a node is about to begin, as all do at the start.
func (l *Log) Began(node string) { l.begin(node, "start") }

// Asked says that a node is about to get a command by hand.
func (l *Log) Asked(node string) { l.begin(node, "hand") }

// Changed says that the machine is about to get a change of a file of the node.
func (l *Log) Changed(node, path string) {
	l.inputs.changes(node)
	l.begin(node, "change").changed(path)
}

func (l *Log) begin(node, cause string) *cycle {
	t, now := l.now()
	return l.beginAt(node, cause, t, now)
}

func (l *Log) beginAt(node, cause string, t int64, now time.Time) *cycle {
	c := l.cycles.begin(node, cause, t)
	if c.Cause != string(machine.ByCrash) {
		l.meant = max(l.meant, c.ID)
		l.saves.last[node] = &c.Cycle
	}
	if c.Time.IsZero() {
		c.Time, c.Boot = now, l.boot
	}
	return c
}

// Ending says that the loop is about to end; only the first call counts.
func (l *Log) Ending() {
	if l.ending {
		return
	}
	l.ending = true
	t, now := l.now()
	l.publish(control.Event{T: t, Time: now, Kind: "shutting down"})
}

// Touched says that the triggers of a run are about to be touched.
func (l *Log) Touched(node string, run int) {
	l.inputs.touched(node, l.graph)
	if c := l.cycles.of(node); c != nil {
		t, _ := l.now()
		c.touched(node, run, t)
	}
}

// Report logs a report of the machine.
func (l *Log) Report(r Report) {
	t, now := l.now()
	e := event(r)
	e.T, e.Time = t, now
	l.moved = true
	if cause, begins := beginning(r); begins {
		l.beginAt(r.Node, cause, t, now)
	}
	same := l.inputs.begins(&r)
	if c := l.cycles.of(r.Node); c != nil {
		c.note(&r, &e)
		if run := c.run(r.Node, r.Num); same && run != nil {
			run.SameInputs = true
		}
		e.Cycle = c.ID
		l.saves.note(&r, &c.Cycle)
	} else if last := l.saves.last[r.Node]; last != nil && slices.Contains(l.live.Nodes, r.Node) {
		l.saves.note(&r, last) // it was ready, and had to prove that it goes on
	} else {
		l.saves.note(&r, &control.Cycle{Cause: string(machine.ByCrash), Time: now})
	}
	l.built.note(&r, e.Cycle)
	l.publish(e)
}

// Complains logs that it is known what a generation of a process that has failed complained of.
func (l *Log) Complains(node string, generation int) {
	t, now := l.now()
	l.publish(control.Event{T: t, Time: now, Kind: "problems", Node: node, Number: generation})
}

// ClientWaits logs that a client has begun to wait for a process that is down.
func (l *Log) ClientWaits(node string) {
	t, now := l.now()
	l.publish(control.Event{T: t, Time: now, Kind: "client waits", Node: node})
}

// beginning tells whether a report begins a cycle where none is open: nodes at
// rest that move without a change and without anybody's hand.
func beginning(r Report) (cause string, begins bool) {
	switch r.Kind {
	case machine.RunStarted, machine.Starting, machine.Stopping, machine.Reloading:
		return string(r.Why), r.Why != machine.ByShutdown
	}
	return "", false
}

// Rested ends the cycles in which nothing moves any more, and returns those that have led to anything. It asks for the state
// of the nodes only if a cycle is open.
func (l *Log) Rested(status func() []machine.NodeStatus) (ended []*control.Cycle) {
	if len(l.cycles.open) == 0 {
		return nil
	}
	t, now := l.now()
	ended = l.cycles.rested(status(), t)
	for _, c := range ended {
		l.publish(control.Event{T: t, Time: now, Kind: "cycle", Cycle: c.ID, Times: c})
		if kept := l.cycles.keep(c); c.Cause != string(machine.ByCrash) {
			l.keep(kept)
		}
	}
	return ended
}

// Recall puts the cycles of loops before in front of those of this one.
func (l *Log) Recall(p *Past) {
	all := slices.Concat(p.cycles, l.cycles.kept)
	l.cycles.kept = all[max(0, len(all)-MostKept):]
	l.saves.recall(p.broke, l.built.from)
}

func controlEnd(e machine.End) *control.End {
	return &control.End{Code: e.Code, Signal: e.Signal, Error: e.Err, Because: e.Because}
}

// Stands says whether what was saved is live. A change of that is an event. It asks for the state of the nodes only if
// something has changed.
func (l *Log) Stands(state machine.Liveness, nodes []string, status func() []machine.NodeStatus, why func() string) {
	live := control.Live{State: string(state), Cycle: l.live.Cycle, Newest: l.cycles.last, Answers: l.live.Answers, Nodes: nodes}
	if state == machine.Live {
		live.Cycle = live.Newest
	}
	same := func() bool {
		was := l.live
		return live.State == was.State && live.Cycle == was.Cycle && live.Newest == was.Newest && live.Answers == was.Answers && slices.Equal(live.Nodes, was.Nodes)
	}
	if l.moved || !same() {
		all := status()
		live.Answers, l.moved = l.answers(live.Cycle, all), false
		l.saves.proven(all)
	}
	if same() {
		return
	}
	if state == machine.Failed {
		live.Why = why()
	}
	l.live = live
	t, now := l.now()
	l.publish(control.Event{T: t, Time: now, Kind: "live", Cycle: live.Newest, Live: &live})
}

// answers is the cycle that the processes that are up were made from, the oldest of them; 0: none is up. Where some have
// sockets, the others do not count. Whole is the newest cycle at which everything was live: what no change has touched since is
// of that one until all of them answer.
func (l *Log) answers(whole int, nodes []machine.NodeStatus) (cycle int) {
	behind := make([]bool, len(nodes)) // itself, or a node that it waits for
	for i, n := range nodes {
		behind[i] = n.Busy || n.Failed || n.Dropped != nil || n.Hold.Kind != machine.NotHeld
	}
	for more := true; more; {
		more = false
		for _, e := range l.graph.Edges {
			if e.From < len(nodes) && e.To < len(nodes) && behind[e.From] && !behind[e.To] {
				behind[e.To], more = true, true
			}
		}
	}
	up := func(i int) bool { return nodes[i].State == "ready" || nodes[i].State == "unready" }
	has := func(i int) bool {
		return i < len(l.graph.Nodes) && l.graph.Nodes[i].Process != nil && len(l.graph.Nodes[i].Process.Sockets) > 0
	}
	sockets, all := false, true
	for i, n := range nodes {
		all = all && (n.Watcher || n.Gone || !behind[i] || up(i) || !has(i))
	}
	for i, n := range nodes {
		if n.Watcher || n.Gone || i >= len(l.graph.Nodes) || !up(i) {
			continue
		}
		of := max(whole, l.built.from[n.Name])
		if !behind[i] && all {
			of = max(of, l.meant)
		}
		switch {
		case has(i) && !sockets:
			cycle, sockets = of, true
		case has(i) == sockets && (cycle == 0 || of < cycle):
			cycle = of
		}
	}
	return cycle
}

// Live is whether what was saved is live.
func (l *Log) Live() control.Live { return l.live }

// Complete adds what the log knows to a status.
func (l *Log) Complete(s *control.Status) {
	s.Boot, s.Seq, s.Live = l.boot, l.seq, l.live
	for i := range s.Nodes {
		if n := &s.Nodes[i]; n.Kind == "watcher" || len(n.PIDs) > 0 {
			n.BuiltFrom = l.built.from[n.Name]
		}
	}
}

// Cycles are the last cycles as JSON, so many at most, newest last, and the loop's name. Those that go on are the last.
func (l *Log) Cycles(last int) (boot string, lines [][]byte) { return l.boot, l.cycles.list(last) }

// event is a report in the form of the protocol.
func event(r Report) control.Event {
	e := control.Event{Kind: string(r.Kind), Node: r.Node, Number: r.Num, Why: string(r.Why), Took: r.Took.Nanoseconds(),
		Until: control.Moment(r.Until), Outcome: control.Outcome{Stale: r.Stale, Quiet: r.Quiet}}
	e.Paths = slices.Clone(r.Paths[:min(control.MostPaths, len(r.Paths))])
	e.More = len(r.Paths) - len(e.Paths)
	if r.Kind.OfStage() {
		e.Stage, e.Warnings, e.Reuse = r.Stage, r.Warnings, controlReuse(&r)
	}
	switch r.Kind {
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut, machine.StageCancelled,
		machine.Stopped, machine.Ended, machine.Crashed, machine.AwaitsPass, machine.GaveUp, machine.Dropped, machine.Lost:
		e.End = controlEnd(r.End)
	}
	named := byOther(r.Why)
	switch r.Kind {
	case machine.Held, machine.Waits, machine.Blocked, machine.NotRun, machine.AwaitsPass, machine.Slowed:
		named = true
	}
	if named {
		e.By = r.By
	}
	return e
}

// byOther tells whether another node, a report's By, is part of the cause.
func byOther(why machine.Why) bool {
	return why == machine.ByTrigger || why == machine.ByDependency || why == machine.ByChecking
}

// publish sends an event to every reader that has room for it.
func (l *Log) publish(e control.Event) {
	l.seq++
	e.V, e.Seq = control.EventVersion, l.seq
	if len(l.ring) < recent {
		l.ring = append(l.ring, e)
	} else {
		l.ring[(e.Seq-1)%recent] = e
	}
	for r := range l.readers {
		if r.missed > 0 {
			gap := control.Event{V: e.V, T: e.T, Time: e.Time, Kind: "missed", Position: control.Position{Seq: e.Seq - 1 - r.missed, Missed: r.missed}}
			select {
			case r.queue <- gap:
				r.missed = 0
			default:
			}
		}
		if r.missed > 0 {
			r.missed++
			continue
		}
		select {
		case r.queue <- e:
		default:
			r.missed++
		}
	}
}

// Subscribe adds a reader. Its first event says from when on it reads: after the one that since names, BOOT.SEQ,
// if all that came later is still known; else, from now on. Then, or if a snapshot is asked for, the second event
// is the status, if there is one to ask for.
func (l *Log) Subscribe(r *Reader, since string, snapshot bool, status func() control.Status) {
	first := control.Event{V: control.EventVersion, Kind: "subscribed", Position: control.Position{Boot: l.boot}}
	put := func(e control.Event) { r.queue <- e } // there is room for the first ones
	from, resumed := l.position(since)
	var state *control.Status
	if snapshot && !resumed || since != "" && !resumed {
		now := status()
		state = &now
	}
	if !resumed {
		from = l.seq
	}
	first.Seq = from
	if first.T, first.Time = l.now(); from < l.seq {
		first.T, first.Time = l.ring[from%recent].T, l.ring[from%recent].Time
	}
	if state == nil {
		put(first)
	} else {
		known := first
		known.Kind, known.Status = "snapshot", state
		first.Boot = "" // who has not got the state may not go on from here
		put(first)
		put(known)
	}
	for n := from; n < l.seq; n++ {
		put(l.ring[n%recent])
	}
	l.readers[r] = struct{}{}
}

// position is the number in BOOT.SEQ, if that is of this loop and everything after it is still known.
func (l *Log) position(since string) (seq uint64, known bool) {
	boot, number, _ := strings.Cut(since, ".")
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, err == nil && boot == l.boot && seq <= l.seq && l.seq-seq <= uint64(len(l.ring))
}

// Leave removes a reader.
func (l *Log) Leave(r *Reader) { delete(l.readers, r) }
