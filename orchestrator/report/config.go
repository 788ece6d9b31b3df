package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"devloop/orchestrator/console"
	"devloop/schema"
)

// Broken shows what is wrong with the configuration.
func (s *Screen) Broken(err error) {
	if s.status != nil {
		s.status.broken(err)
	}
	s.self(console.Bad, "✗ the configuration "+WhatIsWrong(err)+"; the last valid one still runs")
	var mistakes schema.Mistakes
	text := err.Error()
	if errors.As(err, &mistakes) {
		text = mistakes.Error()
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		s.self(console.Bad, line)
	}
	var hinted interface{ Hint() string }
	if mistakes == nil && errors.As(err, &hinted) && hinted.Hint() != "" {
		s.self(console.Plain, "hint: "+hinted.Hint())
	}
}

// WhatIsWrong says how a configuration could not be loaded.
func WhatIsWrong(err error) string {
	if errors.As(err, &schema.Mistakes{}) {
		return "has mistakes"
	}
	return "cannot be used"
}

// Reconfiguration is what a new configuration leads to, by the names of nodes.
type Reconfiguration struct {
	New, Gone      []string
	Runs, Restarts []string // watchers and processes that changed

	Again  bool // the one before had mistakes
	Quiet  bool // say nothing if nothing restarts and no socket is opened
	Opened bool // a socket is
}

// Reconfigured reports what a new configuration leads to.
func (s *Screen) Reconfigured(r Reconfiguration) {
	if s.status != nil {
		s.status.mistake = ""
	}
	var parts []string
	for _, p := range []struct {
		names     []string
		one, many string
	}{{r.Runs, "%s runs again", "%s run again"}, {r.Restarts, "%s restarts", "%s restart"}, {r.New, "new: %s", "new: %s"}, {r.Gone, "removed: %s", "removed: %s"}} {
		switch len(p.names) {
		case 0:
		case 1:
			parts = append(parts, fmt.Sprintf(p.one, p.names[0]))
		default:
			parts = append(parts, fmt.Sprintf(p.many, strings.Join(p.names, ", ")))
		}
	}
	text := "● configuration changed"
	if r.Again {
		text = "● configuration valid again"
	}
	switch {
	case len(parts) > 0:
		text += ": " + strings.Join(parts, "; ")
	case r.Quiet && !r.Opened && !r.Again:
		return
	default:
		text += "; nothing restarts"
	}
	s.self(console.Plain, text)
}

// Warned reports the warnings of a new configuration that the one before did not have, wherever in its file
// the same one was.
func (s *Screen) Warned(before, after schema.Mistakes) {
	for _, w := range after {
		if !slices.ContainsFunc(before, func(b schema.Mistake) bool { return b.Pos.File == w.Pos.File && b.Msg == w.Msg }) {
			s.self(console.Warn, w.Text("warning"))
		}
	}
}
