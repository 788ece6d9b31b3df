package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// broken shows what is wrong with the configuration.
func (t *teller) broken(err error) {
	t.out.Say(self, console.Bad, "✗ the configuration "+whatIsWrong(err)+"; the last good one stays in force")
	var mistakes schema.Mistakes
	text := err.Error()
	if errors.As(err, &mistakes) {
		text = mistakes.Error()
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		t.out.Say(self, console.Bad, line)
	}
	var hinted interface{ Hint() string }
	if mistakes == nil && errors.As(err, &hinted) && hinted.Hint() != "" {
		t.out.Say(self, console.Plain, "hint: "+hinted.Hint())
	}
}

// whatIsWrong says how a configuration could not be loaded.
func whatIsWrong(err error) string {
	if errors.As(err, &schema.Mistakes{}) {
		return "has mistakes"
	}
	return "cannot be read"
}

// reconfigured tells what a new configuration leads to.
func (t *teller) reconfigured(before, after *graph.Graph, changed []int, opened []*sockets.Held, quiet bool) {
	var added, gone, anew []string
	for i, n := range after.Nodes {
		switch {
		case i >= len(before.Nodes) || before.Nodes[i].Gone && !n.Gone:
			added = append(added, n.Name)
		case n.Gone && !before.Nodes[i].Gone:
			gone = append(gone, n.Name)
		case slices.Contains(changed, i):
			anew = append(anew, n.Name)
		}
	}
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"new", added}, {"changed", anew}, {"gone", gone}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	text := "nothing has to start anew"
	switch {
	case len(parts) > 0:
		text = strings.Join(parts, "; ")
	case quiet && len(opened) == 0:
		return
	}
	t.out.Say(self, console.Plain, "● the configuration has changed: "+text)
	for _, s := range opened {
		t.held(s)
	}
}

// warned tells the warnings of a new configuration that the one before did not
// have, wherever in its file the same one stood.
func (t *teller) warned(before, after schema.Mistakes) {
	for _, w := range after {
		if !slices.ContainsFunc(before, func(b schema.Mistake) bool { return b.Pos.File == w.Pos.File && b.Msg == w.Msg }) {
			t.out.Say(self, console.Warn, w.Text("warning"))
		}
	}
}

func (t *teller) released(s *sockets.Held) {
	t.out.Say(self, console.Dim, fmt.Sprintf("released %s: %s", s.Name(), s.Address()))
}
