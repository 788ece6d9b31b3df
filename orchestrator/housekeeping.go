package orchestrator

import (
	"time"

	"devloop/orchestrator/control"
)

// restAfter is the idle time after which memory is released. It is longer than the looks for orphans
// (procgroup) take, and short compared with the time that people think.
const restAfter = 12 * time.Second

// housekeeping is what is done when the loop is idle.
type housekeeping struct {
	rest      time.Time // when the loop will have been idle for restAfter; zero if memory was released since
	refreshed time.Time // when the control files were last refreshed
}

// worked says that something was done.
func (h *housekeeping) worked() { h.rest = time.Now().Add(restAfter) }

func (h *housekeeping) deadline() (at time.Time, ok bool) { return h.rest, !h.rest.IsZero() }

// rests tells whether to release memory now, once after each piece of work.
func (h *housekeeping) rests(now time.Time, busy bool) bool {
	switch {
	case h.rest.IsZero() || h.rest.After(now):
	case busy:
		h.worked()
	default:
		h.rest = time.Time{}
		return true
	}
	return false
}

// refresh protects the control files from programs that delete old files. It is called at least once an hour.
func (h *housekeeping) refresh(now time.Time, claim *control.Claim) error {
	if claim == nil || now.Sub(h.refreshed) < control.FreshFor {
		return nil
	}
	h.refreshed = now
	return claim.Refresh()
}
