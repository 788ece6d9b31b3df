package report

import (
	"errors"
	"slices"
	"strings"

	"devloop/orchestrator/console"
	"devloop/schema"
)

// Broken shows what is wrong with the configuration.
func (s *Screen) Broken(err error) {
	s.self(console.Bad, "✗ the configuration "+WhatIsWrong(err)+"; the last good one stays in force")
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
	return "cannot be read"
}

// Reconfiguration is what a new configuration leads to, by the names of nodes.
type Reconfiguration struct {
	New, Changed, Gone []string

	// Quiet says that nothing is told if nothing starts anew and no socket is
	// opened.
	Quiet  bool
	Opened bool // a socket is
}

// Reconfigured tells what a new configuration leads to.
func (s *Screen) Reconfigured(r Reconfiguration) {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"new", r.New}, {"changed", r.Changed}, {"gone", r.Gone}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	text := "nothing has to start anew"
	switch {
	case len(parts) > 0:
		text = strings.Join(parts, "; ")
	case r.Quiet && !r.Opened:
		return
	}
	s.self(console.Plain, "● the configuration has changed: "+text)
}

// Warned tells the warnings of a new configuration that the one before did not
// have, wherever in its file the same one stood.
func (s *Screen) Warned(before, after schema.Mistakes) {
	for _, w := range after {
		if !slices.ContainsFunc(before, func(b schema.Mistake) bool { return b.Pos.File == w.Pos.File && b.Msg == w.Msg }) {
			s.self(console.Warn, w.Text("warning"))
		}
	}
}
