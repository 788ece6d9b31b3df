package orchestrator

import (
	"time"

	"devloop/orchestrator/control"
)

// restAfter is how long nothing must have been done before the memory that the
// work took is given back. It is longer than there are whole looks for
// orphans (procgroup), and short beside the time that people think.
const restAfter = 12 * time.Second

// housekeeping is what is done when nothing else is.
type housekeeping struct {
	rest      time.Time // when nothing will have been done for restAfter; zero if memory was given back since
	refreshed time.Time // when the control files were last refreshed
}

// worked notes that something was done.
func (h *housekeeping) worked() { h.rest = time.Now().Add(restAfter) }

func (h *housekeeping) deadline() (at time.Time, ok bool) { return h.rest, !h.rest.IsZero() }

// rests tells whether memory is to be given back now, once after each piece of work.
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

// refresh keeps the control files from those who clean up. It is called once an hour
// at least.
func (h *housekeeping) refresh(now time.Time, claim *control.Claim) error {
	if claim == nil || now.Sub(h.refreshed) < control.FreshFor {
		return nil
	}
	h.refreshed = now
	return claim.Refresh()
}
