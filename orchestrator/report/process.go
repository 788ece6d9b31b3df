package report

import (
	"fmt"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
)

// process shows a report about a generation of a process.
func (s *Screen) process(r Report) {
	switch r.Kind {
	case machine.Starting:
		s.starting(r)
	case machine.Ready:
		if r.Probed {
			text := "✓ ready in " + short(r.Took)
			for _, url := range r.URLs {
				text += "  " + url
			}
			s.Line(r.Node, console.Good, "%s", text)
		}
	case machine.Unready:
		s.Line(r.Node, console.Warn, "! not ready after %s; it is left running", short(r.Took))
		s.lastCheck(r)
	case machine.Reloading:
		s.Line(r.Node, console.Plain, "↻ reloading: %s", s.cause(r))
	case machine.Stopping:
		s.stopping(r)
	case machine.Killing:
		s.Line(r.Node, console.Warn, "! still running after %s; killing it", short(r.Grace))
	case machine.Ended:
		if r.End.OK() {
			s.Line(r.Node, console.Plain, "ended: %s", r.End)
		} else {
			s.Line(r.Node, console.Bad, "✗ ended: %s", r.End)
		}
	case machine.AwaitsPass:
		if r.End.Err != "" { // it could not be started: it has never been built, most likely
			s.Line(r.Node, console.Dim, "- not built yet; starts when %s passes", r.By)
		} else {
			s.Line(r.Node, console.Dim, "- %s; starts again when %s passes", r.End, r.By)
		}
	case machine.Crashed:
		s.Line(r.Node, console.Bad, "✗ %s; next try in %s", endedAfter(r), short(time.Until(r.Until)))
	case machine.Dropped:
		s.dropped(r)
	case machine.Lost:
		s.Line(r.Node, console.Bad, "✗ the old version ended: %s; the new one is starting", r.End)
	case machine.GaveUp:
		times := "once"
		if r.Times > 1 {
			times = fmt.Sprintf("%d times in a row", r.Times)
		}
		s.Line(r.Node, console.Bad, "✗ %s, %s; it stays down until something changes", endedAfter(r), times)
	}
}

// endedAfter says how a process ended, and after how long, if it has run at all.
func endedAfter(r Report) string {
	if r.End.Err != "" {
		return r.End.String()
	}
	return fmt.Sprintf("%s after %s", r.End, short(r.Took))
}

func (s *Screen) starting(r Report) {
	t := s.told(r.Node)
	switch {
	case r.Beside:
		s.Line(r.Node, console.Plain, "▸ starting a new version beside the old one: %s", s.cause(r))
	case t.restarting: // the stop has said why
	case r.Why == machine.ByStart:
		s.Line(r.Node, console.Plain, "▸ starting")
	case r.Why == machine.ByCrash:
		s.Line(r.Node, console.Plain, "▸ starting again")
	default:
		s.Line(r.Node, console.Plain, "▸ starting: %s", s.cause(r))
	}
	t.restarting = false
}

func (s *Screen) stopping(r Report) {
	switch {
	case r.Why == machine.ByShutdown:
		s.Line(r.Node, console.Dim, "■ stopping")
	case r.Gone:
		s.Line(r.Node, console.Plain, "■ stopping: removed from the configuration")
	case r.Why == machine.ByUpdate:
		s.Line(r.Node, console.Dim, "■ stopping the old version")
	case r.Why == machine.ByChecking:
		s.Line(r.Node, console.Plain, "■ stopping: %s; requests wait for the new version", s.cause(r))
	case r.Beside:
		s.Line(r.Node, console.Plain, "↻ replacing the new version: %s", s.cause(r))
	case r.Why == machine.ByHand && r.Asked == machine.Stop:
		s.Line(r.Node, console.Plain, "■ stopping: %s", s.cause(r))
	default:
		s.told(r.Node).restarting = true
		s.Line(r.Node, console.Plain, "↻ restarting: %s", s.cause(r))
	}
}

func (s *Screen) dropped(r Report) {
	if (r.End != machine.End{}) {
		s.Line(r.Node, console.Bad, "✗ the new version ended after %s: %s; dropped, the old version still serves", short(r.Took), r.End)
		return
	}
	s.Line(r.Node, console.Bad, "✗ the new version was not ready after %s; dropped, the old version still serves", short(r.Took))
	s.lastCheck(r)
}

// lastCheck shows why a generation was not ready in time.
func (s *Screen) lastCheck(r Report) {
	if check := r.LastCheck; check != "" {
		s.Line(r.Node, console.Warn, "  last check: %s", check)
	}
}
