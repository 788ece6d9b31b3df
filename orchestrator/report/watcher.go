package report

import (
	"fmt"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// run shows a report about a watcher's run.
func (s *Screen) run(r Report) {
	if begin := s.opt.Hooks.Begin; begin != nil && r.Kind == machine.RunStarted && r.Why == machine.ByChange {
		begin()
	}
	if r.Relay && r.Kind != machine.RunFailed {
		return // its readers say what changed
	}
	switch r.Kind {
	case machine.RunStarted:
		s.Line(r.Node, console.Plain, "● %s: %s", s.cause(r), plan(r.Plan))
	case machine.RunCancelled:
		s.Line(r.Node, console.Dim, "- cancelled after %s", short(r.Took))
	case machine.RunPassed:
		text := "✓ passed in " + short(r.Took)
		if r.Stale {
			text += ", but files have changed since"
		}
		s.Line(r.Node, console.Good, "%s", text)
	case machine.RunFailed:
		text := "✗ failed"
		if r.End.Err != "" {
			text += ": " + r.End.Err
		}
		if serving := serving(r.Serving); serving != "" && !s.ending {
			text += "; " + serving
		}
		s.Line(r.Node, console.Bad, "%s", text)
	}
}

// wait shows what a node waits for, or why it cannot go on.
func (s *Screen) wait(r Report) {
	switch r.Kind {
	case machine.Held:
		s.Line(r.Node, console.Dim, "- waits: %s failed", r.By)
	case machine.Waits:
		s.Line(r.Node, console.Dim, "- waits for %s %s", r.By, wanted(r.Need))
	case machine.Blocked:
		s.Line(r.Node, console.Warn, "! waits for %s %s, which %s", r.By, wanted(r.Need), r.Became)
	case machine.NotRun:
		did := "not run"
		if r.Num > 0 {
			did = "not finished"
		}
		s.Line(r.Node, console.Warn, "- %s: %s %s", did, r.By, r.Became)
	case machine.Slowed:
		s.slowed(r)
	}
}

// wanted says what a dependency must be.
func wanted(need schema.Condition) string {
	switch need {
	case schema.Passed:
		return "to pass"
	case schema.Started:
		return "to start"
	case schema.Succeeded:
		return "to succeed"
	}
	return "to be ready"
}

// plan lists the stages that a run may go through.
func plan(groups [][]string) string {
	var steps []string
	for _, names := range groups {
		steps = append(steps, strings.Join(names, " | "))
	}
	return strings.Join(steps, " → ")
}

// serving says which processes downstream of a failed watcher still run.
func serving(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " keeps running unchanged"
	}
	return strings.Join(names, ", ") + " keep running unchanged"
}

// slowed says that a node waits because it keeps changing what it watches, or
// seems to.
func (s *Screen) slowed(r Report) {
	again, writer := "restart", r.Node
	if r.Watcher {
		again = "run"
	}
	if r.By != "" {
		writer = r.By
	}
	command := writer
	if r.Stage != "" {
		command = "stage " + r.Stage
		if r.By != "" {
			command += " of " + writer
		}
	}
	file, wait := s.Paths(r.Paths), short(time.Until(r.Until))
	if r.Known {
		what := "triggers itself"
		if r.By != "" {
			what = r.By + " and it trigger each other"
		}
		s.Line(r.Node, console.Warn, "! %s: %s writes %s; next %s in %s", what, command, file, again, wait)
		s.Line(r.Node, console.Warn, "  hint: add the file to `ignore`, or watch only files that people write")
		return
	}
	while := fmt.Sprintf("%s after %s starts", short(r.Took), command)
	switch {
	case r.Stage != "":
		while = "while " + command + " runs"
	case r.Took == 0:
		while = "while " + command + " had it open"
	}
	s.Line(r.Node, console.Warn, "! %s has changed %d times in a row %s; next %s in %s", file, r.Times, while, again, wait)
	s.Line(r.Node, console.Warn, "  hint: if %s writes it, add the file to `ignore`; a save by hand waits for a second at most", command)
}

func (s *Screen) stage(r Report) {
	name := r.Stage
	if r.Output != nil {
		s.out.Replay(r.Node, r.Output) // which closes it
	}
	switch r.Kind {
	case machine.StageStarted:
		if s.opt.Live {
			s.Line(r.Node, console.Dim, "▸ %s", name)
		}
	case machine.StagePassed:
		s.Line(r.Node, console.Good, "✓ %s  %s%s", name, short(r.Took), warnings(r))
	case machine.StageSkipped:
		s.Line(r.Node, console.Dim, "- %s skipped: its files have not changed", name)
	case machine.StageReused:
		s.Line(r.Node, console.Good, "✓ %s · %s%s", name, reused(r), warnings(r))
	case machine.StageFailed:
		s.Line(r.Node, console.Bad, "✗ %s  %s after %s", name, r.End, short(r.Took))
	case machine.StageTolerated:
		s.Line(r.Node, console.Warn, "! %s  %s after %s, allowed", name, r.End, short(r.Took))
	case machine.StageTimedOut:
		s.Line(r.Node, console.Bad, "✗ %s  timed out after %s", name, short(r.Took))
	}
	if text := flaky(r); text != "" {
		s.Line(r.Node, console.Warn, "! %s", text)
	}
}

// warnings counts those of a stage, with the first.
func warnings(r Report) string {
	switch r.Warnings {
	case 0:
		return ""
	case 1:
		return ", 1 warning: " + r.Warning
	default:
		return fmt.Sprintf(", %d warnings: %s", r.Warnings, r.Warning)
	}
}
