// Package proctree finds who belongs to a tree of processes that has spread, and brings all of it to a stand before it is
// killed. It never decides that a tree has to end: orchestrator/procgroup has the tree of a living loop's command,
// orchestrator/guardian those of a loop that is gone.
//
// It imports next to nothing, for the guardian.
package proctree

import "devloop/orchestrator/proctable"

// MarkName is the environment variable that carries the mark of a tree.
const MarkName = "DEVLOOP_MARK"

// Carries says that what carries value belongs to mark: it is the same, or continues it by whole elements after a slash, as
// the marks of a loop do that a command of this one has started.
func Carries(value, mark string) bool {
	return mark != "" && len(value) >= len(mark) && value[:len(mark)] == mark &&
		(len(value) == len(mark) || value[len(mark)] == '/')
}

// Set holds processes by pid and start time; the two together are never used again.
type Set map[int]uint64

// Has says that a process is in the set.
func (s Set) Has(p proctable.Process) bool {
	start, ok := s[p.PID]
	return ok && start == p.Start
}

// Search finds a tree in tables that are read one after the other. The zero value is ready.
type Search struct {
	// Unsure is how many the last search met in the middle of an exec: they may yet show a mark.
	Unsure int

	unmarked Set // whose environment was read, and has no such mark: they never will
}

// Signs are how a tree is known in one table.
type Signs struct {
	// Led are numbers of groups and sessions that are the tree's, and the start before which nobody in them is of it. Find adds
	// to it.
	Led map[int]uint64
	// Is says that a process shows by itself that it belongs to the tree. It is asked often.
	Is func(p proctable.Process) bool
	// Not says that a process never does. Nil means nobody.
	Not func(p proctable.Process) bool
	// Marked is asked of those who do not show otherwise, with the mark that they carry, "" if there is none. Nil means that
	// nobody's environment is read.
	Marked func(p proctable.Process, mark string) bool
	// Sessions says that the sessions of all members are the tree's, and not only those that a member leads. It takes a table
	// without sessions that are older than the tree.
	Sessions bool
}

// Find returns the living of the tree: whom the signs show, who is in a group or session of such, and what descends from
// any of them.
func (s *Search) Find(table []proctable.Process, signs Signs) []proctable.Process {
	ours := make(map[int]bool) // pids
	var members []proctable.Process
	add := func(p proctable.Process) {
		ours[p.PID] = true
		// Nobody enters a session from outside, nor a group from outside its session.
		if p.Session == p.PID || p.Group == p.PID {
			signs.Led[p.PID] = p.Start
		}
		// Session 0 is that of process 1 where it never began another, and of leaders outside a pid namespace.
		if _, known := signs.Led[p.Session]; signs.Sessions && !known && p.Session > 0 {
			signs.Led[p.Session] = 0
		}
		if !p.Dead {
			members = append(members, p)
		}
	}
	leads := func(number int, p proctable.Process) bool {
		since, ok := signs.Led[number]
		return ok && p.Start >= since
	}
	s.Unsure = 0
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if ours[p.PID] || signs.Not != nil && signs.Not(p) {
				continue
			}
			if signs.Is(p) || ours[p.Parent] || leads(p.Session, p) || leads(p.Group, p) {
				add(p)
				grown = true
			}
		}
		if grown || signs.Marked == nil {
			continue
		}
		// Only now, as it costs more than all the rest.
		s.Unsure = 0
		for _, p := range table {
			if !ours[p.PID] && !p.Dead && (signs.Not == nil || !signs.Not(p)) && s.marked(p, signs.Marked) {
				add(p)
				grown = true
			}
		}
	}
	return members
}

func (s *Search) marked(p proctable.Process, is func(proctable.Process, string) bool) bool {
	if s.unmarked.Has(p) {
		return false
	}
	environ, known := proctable.Environ(p.PID)
	switch {
	case is(p, proctable.Variable(environ, MarkName)):
		return true
	case !known:
		s.Unsure++
	case len(environ) > 0:
		if s.unmarked == nil {
			s.unmarked = make(Set)
		}
		s.unmarked[p.PID] = p.Start
	}
	return false
}

// Forget gives back what the search remembers of others.
func (s *Search) Forget() { s.unmarked = nil }
