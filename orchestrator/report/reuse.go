package report

import (
	"fmt"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/machine"
)

// reused says why a stage did not run, such as "passed 3m05s ago with these inputs (saved 41.0s)".
func reused(r Report) string {
	text := "passed " + ago(r.Reuse.Passed) + " with these inputs"
	if saved := saved(r.Reuse, r.Took); saved > 0 {
		text += " (saved " + short(saved) + ")"
	}
	if r.Reuse.From != "" {
		text += " · from " + r.Reuse.From
	}
	return text
}

// flaky says that a stage has passed and failed with the same inputs; "" if that is not so.
func flaky(r Report) string {
	if r.Reuse.Passes == 0 || r.Reuse.Failures == 0 {
		return ""
	}
	text := fmt.Sprintf("it may be flaky (passed %d, failed %d)", r.Reuse.Passes, r.Reuse.Failures)
	if r.Kind == machine.StagePassed {
		return "the same inputs have failed before: " + text
	}
	return "the same inputs passed " + ago(r.Reuse.Passed) + ": " + text
}

// ago is how long ago something was.
func ago(at time.Time) string {
	if at.IsZero() {
		return "before"
	}
	return console.Age(time.Since(at)) + " ago"
}

// saved is how much time an earlier pass has saved, where looking for it has taken so long.
func saved(r machine.Reuse, took time.Duration) time.Duration {
	if !r.Hit {
		return 0
	}
	return max(0, r.Took-took)
}

// controlReuse is what is known of earlier passes of a stage that has ended; nil: nothing.
func controlReuse(r *Report) *control.Reuse {
	if r.Reuse.Passed.IsZero() && !r.Reuse.Hit && r.Reuse.Passes == 0 {
		return nil
	}
	return &control.Reuse{Passed: control.Moment(r.Reuse.Passed), Saved: saved(r.Reuse, r.Took), From: r.Reuse.From, Passes: r.Reuse.Passes, Failures: r.Reuse.Failures}
}
