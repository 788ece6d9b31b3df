package orchestrator

import (
	"context"
	"net/http"
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// eventQueue is how many events a reader may be behind before it misses some.
const eventQueue = 1024

// stream turns what the loop does into events, and hands them to whoever reads
// along. The loop's goroutine owns it.
type stream struct {
	l       *loop
	began   time.Time
	started bool                 // the machine has been started: commands by hand count
	ending  bool                 // it has been told to end
	byHand  map[int]machine.Verb // what was last asked of a node by hand
	readers map[*reader]struct{}
	cycles  cycles

	failures map[int]failure // the last one of each node
}

// failure is what failed, for whoever wants to see what it wrote.
type failure struct {
	num    int      // the run or generation
	stages []string // of a watcher
}

// reader is one who reads along. Its queue is never waited for.
type reader struct {
	queue  chan control.Event
	missed uint64 // since the last event that found room
}

func newStream(l *loop) *stream {
	return &stream{l: l, began: time.Now(), byHand: map[int]machine.Verb{}, readers: map[*reader]struct{}{}, failures: map[int]failure{}}
}

// now is the moment, as events carry it.
func (s *stream) now() (int64, time.Time) {
	now := time.Now()
	return now.Sub(s.began).Nanoseconds(), now
}

// saw takes note of what the machine is about to be told.
func (s *stream) saw(ev machine.Event) {
	t, _ := s.now()
	switch ev := ev.(type) {
	case machine.Start:
		s.started = true
		for i := range s.l.graph.Nodes {
			s.cycles.begin(s.l.graph, i, "start", t)
		}
	case machine.FilesChanged:
		for _, c := range ev.Changes {
			for _, node := range c.Nodes {
				s.cycles.begin(s.l.graph, node, "change", t).changed(c.Path)
			}
		}
	case machine.Shutdown:
		if !s.ending {
			s.ending = true
			_, now := s.now()
			s.publish(control.Event{T: t, Time: now, Kind: "shutting down"})
		}
	case machine.Command:
		for _, node := range ev.Nodes {
			s.byHand[node] = ev.Verb
			s.cycles.begin(s.l.graph, node, "hand", t)
		}
	}
}

// did takes note of what the machine says, before it is done.
func (s *stream) did(a machine.Action) {
	t, now := s.now()
	switch a := a.(type) {
	case machine.Touch:
		if c := s.cycles.of(s.l.graph, a.Node); c != nil {
			c.touched(s.l.say.name(a.Node), a.Run, t)
		}
	case machine.Report:
		e := s.event(a)
		e.T, e.Time = t, now
		if cause, begins := beginning(a); begins {
			s.cycles.begin(s.l.graph, a.Node, cause, t)
		}
		if c := s.cycles.of(s.l.graph, a.Node); c != nil {
			c.note(a.Kind, &e)
			e.Cycle = c.ID
		}
		s.failed(a, e.Stage)
		s.publish(e)
	}
}

// failed remembers what failed.
func (s *stream) failed(r machine.Report, stage string) {
	switch r.Kind {
	case machine.StageFailed, machine.StageTimedOut:
		f := s.failures[r.Node]
		if f.num != r.Num {
			f = failure{num: r.Num}
		}
		f.stages = append(f.stages, stage)
		s.failures[r.Node] = f
	case machine.Crashed, machine.AwaitsPass, machine.GaveUp, machine.Dropped, machine.Lost, machine.Unready, machine.Ended:
		s.failures[r.Node] = failure{num: r.Num}
	}
}

// beginning tells whether a report begins a cycle where none is open: nodes at
// rest that move without a change and without anybody's hand.
func beginning(r machine.Report) (cause string, begins bool) {
	switch r.Kind {
	case machine.RunStarted, machine.Starting, machine.Stopping, machine.Reloading:
		return string(r.Why), r.Why != machine.ByShutdown
	}
	return "", false
}

// rested ends the cycles of which nothing moves any more.
func (s *stream) rested() {
	if len(s.cycles.open) == 0 {
		return
	}
	t, now := s.now()
	for _, c := range s.cycles.rested(s.l.graph, s.l.machine.Status(), t) {
		s.publish(control.Event{T: t, Time: now, Kind: "cycle", Cycle: c.ID, Times: c})
	}
}

// event is a report in the words of the protocol.
func (s *stream) event(r machine.Report) control.Event {
	e := control.Event{Kind: string(r.Kind), Node: s.l.say.name(r.Node), Number: r.Num, Why: string(r.Why), Took: r.Took.Nanoseconds(),
		Until: moment(r.Until), Stale: r.Stale}
	e.Paths = slices.Clone(r.Paths[:min(mostPaths, len(r.Paths))])
	e.More = len(r.Paths) - len(e.Paths)
	switch r.Kind {
	case machine.StageStarted, machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut,
		machine.StageCancelled, machine.StageSkipped:
		e.Stage = r.Stage
	}
	switch r.Kind {
	case machine.StagePassed, machine.StageFailed, machine.StageTolerated, machine.StageTimedOut, machine.StageCancelled,
		machine.Stopped, machine.Ended, machine.Crashed, machine.AwaitsPass, machine.GaveUp, machine.Dropped, machine.Lost:
		e.End = &control.End{Code: r.End.Code, Signal: r.End.Signal, Error: r.End.Err}
	}
	if r.Kind == machine.StagePassed && s.l.say.stageWarned != nil {
		e.Warnings, _ = s.l.say.stageWarned.Count()
	}
	byOther := r.Why == machine.ByTrigger || r.Why == machine.ByDependency
	switch r.Kind {
	case machine.Held, machine.Waits, machine.Blocked, machine.NotRun, machine.AwaitsPass, machine.Slowed:
		byOther = true
	}
	if byOther && r.By >= 0 {
		e.By = s.l.say.name(r.By)
	}
	return e
}

// publish hands an event to every reader that has room for it.
func (s *stream) publish(e control.Event) {
	e.V = control.EventVersion
	for r := range s.readers {
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

// subscribe lets a reader in. The first event says from when on it reads.
func (s *stream) subscribe(r *reader) {
	t, now := s.now()
	s.readers[r] = struct{}{}
	r.queue <- control.Event{V: control.EventVersion, T: t, Time: now, Kind: "subscribed"} // there is room for the first
}

func (l *loop) answerEvents(w http.ResponseWriter, r *http.Request) {
	me := &reader{queue: make(chan control.Event, eventQueue)}
	if !l.asked(w, r, func() { l.stream.subscribe(me) }) {
		return
	}
	// A loop that has ended takes no questions, and has no readers either.
	defer func() { _ = l.ask(context.Background(), func() { delete(l.stream.readers, me) }) }()
	out := control.NewStream(w)
	for {
		select {
		case e := <-me.queue:
			if out.Put(e) != nil || len(me.queue) == 0 && out.Flush() != nil {
				return
			}
			continue
		case <-l.ctx.Done():
		case <-r.Context().Done():
		}
		// The loop has ended, or the client has gone. What is queued was
		// published before: it is the end of the story.
		for len(me.queue) > 0 {
			if out.Put(<-me.queue) != nil {
				return
			}
		}
		_ = out.Flush() // nothing comes after it
		return
	}
}
