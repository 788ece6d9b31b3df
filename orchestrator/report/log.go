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

// Log turns what the loop does into events for its readers. One goroutine owns it.
type Log struct {
	began   time.Time
	ending  bool // the loop has been told to end
	readers map[*Reader]struct{}
	cycles  cycles
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

// Follow changes the graph.
func (l *Log) Follow(g *graph.Graph) { l.cycles.follow(g) }

// Began says that a node is about to begin, as all do at the start.
func (l *Log) Began(node string) { l.begin(node, "start") }

// Asked says that a node is about to get a command by hand.
func (l *Log) Asked(node string) { l.begin(node, "hand") }

// Changed says that the machine is about to get a change of a file of the node.
func (l *Log) Changed(node, path string) { l.begin(node, "change").changed(path) }

func (l *Log) begin(node, cause string) *cycle {
	t, _ := l.now()
	return l.cycles.begin(node, cause, t)
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

// Rested ends the cycles in which nothing moves any more. It asks for the state of the nodes only if a
// cycle is open.
func (l *Log) Rested(status func() []machine.NodeStatus) {
	if len(l.cycles.open) == 0 {
		return
	}
	t, now := l.now()
	for _, c := range l.cycles.rested(status(), t) {
		l.publish(control.Event{T: t, Time: now, Kind: "cycle", Cycle: c.ID, Times: c})
	}
}

func controlEnd(e machine.End) *control.End {
	return &control.End{Code: e.Code, Signal: e.Signal, Error: e.Err, Because: e.Because}
}

// event is a report in the form of the protocol.
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

// Subscribe adds a reader. Its first event says from when on it reads.
func (l *Log) Subscribe(r *Reader) {
	t, now := l.now()
	l.readers[r] = struct{}{}
	r.queue <- control.Event{V: control.EventVersion, T: t, Time: now, Kind: "subscribed"} // there is room for the first
}

// Leave removes a reader.
func (l *Log) Leave(r *Reader) { delete(l.readers, r) }
