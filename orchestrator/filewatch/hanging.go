package filewatch

import (
	"fmt"
	"slices"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/watchset"
)

// hanging are places whose file system does not respond, where files are polled.
type hanging struct {
	notice func(text string)
	report func(places map[int]string) // Options.Hang
	held   []string                    // their nodes wait
	now    []string                    // what has changed in the others of held may be about to be told
}

// add notes which places do not respond now. The nodes that have files there wait from
// now on: what has changed there nobody knows.
func (h *hanging) add(places []string, set *watchset.Set) {
	h.now = places
	known := len(h.held)
	for _, place := range places {
		if !slices.Contains(h.held, place) {
			h.held = append(h.held, place)
			h.notice(fmt.Sprintf("%s: the file system has not answered for %v; nodes that watch files there wait until it does", place, diskqueue.Patience))
		}
	}
	if len(h.held) > known {
		h.announce(set)
	}
}

// others tells whether the nodes of a place wait that is not among these.
func (h *hanging) others(places []string) bool {
	return slices.ContainsFunc(h.held, func(place string) bool { return !slices.Contains(places, place) })
}

// ended tells whether places respond again: release is due when what has changed there
// is told.
func (h *hanging) ended() bool { return len(h.held) > len(h.now) }

// release lets the nodes go on that have files in places that respond again.
func (h *hanging) release(set *watchset.Set) {
	known := len(h.held)
	h.held = slices.DeleteFunc(h.held, func(place string) bool {
		if slices.Contains(h.now, place) {
			return false
		}
		h.notice(place + ": the file system responds again")
		return true
	})
	if len(h.held) < known {
		h.announce(set)
	}
}

// announce says which nodes wait, and for which place.
func (h *hanging) announce(set *watchset.Set) {
	nodes := map[int]string{}
	set = set.WithoutGit()
	for _, place := range h.held {
		for _, node := range append(set.WakesBelow(place), set.Wakes(place)...) {
			nodes[node] = place
		}
	}
	h.report(nodes)
}
