package runner

import (
	"testing"

	"devloop/orchestrator/sdnotify"
)

// TestSelfReport follows what a process tells of itself, from its start to its end.
func TestSelfReport(t *testing.T) {
	var s selfReport
	for _, step := range []struct {
		m    sdnotify.Message
		want string
	}{
		{sdnotify.Message{}, ""},
		{sdnotify.Message{Status: "loading", StatusSet: true}, "loading"},
		{sdnotify.Message{Ready: true, Status: "2 workers", StatusSet: true}, "2 workers"},
		{sdnotify.Message{Reloading: true}, "it reports: reloading: 2 workers"},
		{sdnotify.Message{StatusSet: true}, "it reports: reloading"},
		{sdnotify.Message{Ready: true}, ""},
		{sdnotify.Message{Reloading: true, Ready: true}, ""},
		{sdnotify.Message{Stopping: true}, "it reports: stopping"},
		{sdnotify.Message{Status: "3 requests left", StatusSet: true}, "it reports: stopping: 3 requests left"},
	} {
		if s.hear(step.m); s.String() != step.want {
			t.Errorf("after %+v: %q, not %q", step.m, s.String(), step.want)
		}
	}
}
