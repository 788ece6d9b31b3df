package report

import (
	"devloop/orchestrator/console"
	"devloop/orchestrator/diagnostics"
)

// Problem is a place in a file that a tool complains of.
type Problem = diagnostics.Problem

// Answer shows a message that answers a key.
func (s *Screen) Answer(text string) { s.self(console.Plain, text) }

// Paused shows that watching is paused, or goes on.
func (s *Screen) Paused(on bool) {
	text := "watching goes on"
	if on {
		text = "watching is paused: changes are kept until p is pressed again"
	}
	s.Answer(text)
	if s.status != nil {
		s.status.paused = on
	}
}

// FailedOutput shows the output of the stage that has failed last, or an empty line if it has been shown.
func (s *Screen) FailedOutput() {
	node := s.failures.last(func(node string) bool { return s.failures.outputs[node] != nil })
	if node == "" {
		s.out.Blank()
		return
	}
	spool := s.failures.outputs[node]
	delete(s.failures.outputs, node)
	s.out.Replay(node, spool)
}

// FirstProblem is the first problem of what has failed last; nil if none is known.
func (s *Screen) FirstProblem() *Problem {
	node := s.failures.last(func(node string) bool { return s.failures.nodes[node].first != nil })
	if node == "" {
		return nil
	}
	first := *s.failures.nodes[node].first
	return &first
}

// last is the node that has failed last, of those of which something is true; "" if there is none.
func (s *failures) last(is func(node string) bool) (last string) {
	for node, f := range s.nodes {
		if is(node) && (last == "" || f.at.After(s.nodes[last].at)) {
			last = node
		}
	}
	return last
}
