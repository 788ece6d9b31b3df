package report

import (
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
)

// queued is how many events a reader may be behind before it misses some.
const queued = 1024

// Log turns what the loop does into events, and hands them to whoever reads along.
// One goroutine owns it.
type Log struct {
	began   time.Time
	ending  bool // the loop has been told to end
	readers map[*Reader]struct{}
	cycles  cycles
}

// Reader is one who reads along. It is never waited for: what finds no room in its
// queue is counted, and told when there is room again.
type Reader struct {
	queue  chan control.Event
	missed uint64 // since the last event that found room
}

// NewReader makes one that reads nothing yet.
func NewReader() *Reader { return &Reader{queue: make(chan control.Event, queued)} }

// Events hands out what it reads, to any goroutine. Nobody closes it.
func (r *Reader) Events() <-chan control.Event { return r.queue }

// NewLog begins a log of the nodes of the graph.
func NewLog(g *graph.Graph) *Log {
	l := &Log{began: time.Now(), readers: map[*Reader]struct{}{}}
	l.Follow(g)
	return l
}

// now is the moment, as events carry it.
func (l *Log) now() (int64, time.Time) {
	now := time.Now()
	return now.Sub(l.began).Nanoseconds(), now
}

// Follow tells that there is another graph from now on.
func (l *Log) Follow(g *graph.Graph) { l.cycles.follow(g) }

// Began tells that a node is about to begin, as all do at the start.
func (l *Log) Began(node string) { l.begin(node, "start") }

// Asked tells that a node is about to be asked for something by hand.
func (l *Log) Asked(node string) { l.begin(node, "hand") }

// Changed tells that the machine is about to hear that a file of the node has
// changed.
func (l *Log) Changed(node, path string) { l.begin(node, "change").changed(path) }

func (l *Log) begin(node, cause string) *cycle {
	t, _ := l.now()
	return l.cycles.begin(node, cause, t)
}

// Ending tells that the loop is about to end; only the first time counts.
func (l *Log) Ending() {
	if l.ending {
		return
	}
	l.ending = true
	t, now := l.now()
	l.publish(control.Event{T: t, Time: now, Kind: "shutting down"})
}

// Touched tells that the triggers of a run are about to be touched.
func (l *Log) Touched(node string, run int) {
	if c := l.cycles.of(node); c != nil {
		t, _ := l.now()
		c.touched(node, run, t)
	}
}

// Report tells what the machine has reported, before it is done.
func (l *Log) Report(r Report) {
	t, now := l.now()
	e := event(r)
	e.T, e.Time = t, now
	if cause, begins := beginning(r); begins {
		l.cycles.begin(r.Node, cause, t)
	}
	if c := l.cycles.of(r.Node); c != nil {
		c.note(r.Kind, &e)
		e.Cycle = c.ID
	}
	l.publish(e)
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

// Rested ends the cycles of which nothing moves any more. It asks for the state of
// the nodes only if a cycle is open.
func (l *Log) Rested(status func() []machine.NodeStatus) {
	if len(l.cycles.open) == 0 {
		return
	}
	t, now := l.now()
	for _, c := range l.cycles.rested(status(), t) {
		l.publish(control.Event{T: t, Time: now, Kind: "cycle", Cycle: c.ID, Times: c})
	}
}

// event is a report in the words of the protocol.
func event(r Report) control.Event {
	e := control.Event{Kind: string(r.Kind), Node: r.Node, Number: r.Num, Why: string(r.Why), Took: r.Took.Nanoseconds(),
		Until: control.Moment(r.Until), Stale: r.Stale}
	e.Paths = slices.Clone(r.Paths[:min(control.MostPaths, len(r.Paths))])
	e.More = len(r.Paths) - len(e.Paths)
	if r.Kind.OfStage() {
		e.Stage, e.Warnings = r.Stage, r.Warnings
	}
	switch r.Kind {
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut, machine.StageCancelled,
		machine.Stopped, machine.Ended, machine.Crashed, machine.AwaitsPass, machine.GaveUp, machine.Dropped, machine.Lost:
		e.End = &control.End{Code: r.End.Code, Signal: r.End.Signal, Error: r.End.Err}
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

// publish hands an event to every reader that has room for it.
func (l *Log) publish(e control.Event) {
	e.V = control.EventVersion
	for r := range l.readers {
		if r.missed > 0 {
			gap := control.Event{V: e.V, T: e.T, Time: e.Time, Kind: "missed", Missed: r.missed}
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

// Subscribe lets a reader in. Its first event says from when on it reads.
func (l *Log) Subscribe(r *Reader) {
	t, now := l.now()
	l.readers[r] = struct{}{}
	r.queue <- control.Event{V: control.EventVersion, T: t, Time: now, Kind: "subscribed"} // there is room for the first
}

// Leave lets a reader go.
func (l *Log) Leave(r *Reader) { delete(l.readers, r) }
