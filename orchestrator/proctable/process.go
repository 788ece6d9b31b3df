// Package proctable reads the system's table of processes, and signals a process that was read there and no other one. It
// never decides whose a process is. What it knows differs: Linux tells everything, macOS no pipes, no children and no
// uninterruptible waits, and elsewhere there is no table.
//
// It imports next to nothing, for orchestrator/guardian.
package proctable

import (
	"errors"
	"time"
)

// ErrUnsupported is the answer where the system does not tell. It is an [errors.ErrUnsupported].
var ErrUnsupported error = unsupported{}

type unsupported struct{}

func (unsupported) Error() string { return "this system does not tell of processes" }
func (unsupported) Unwrap() error { return errors.ErrUnsupported }

// Process is a line of the system's table.
type Process struct {
	PID        int
	Parent     int
	Group      int
	Session    int
	Foreground int    // the group in the foreground of its session's terminal; negative if there is none
	Start      uint64 // with the pid it names a process for good: ticks since the boot (Linux), microseconds (macOS)
	Dead       bool   // it has ended, and its parent has not noticed yet
	Stopped    bool
	Stuck      bool // in an uninterruptible wait
	Kernel     bool // a thread of the kernel's
	Begun      bool // its program has been given its arguments and environment; false for a moment during exec
}

// Sessions are those that a look has found to be older than what it looks for, so that the next look need not ask. They
// are for looks that follow each other with the same start, by one goroutine. The zero value knows none.
type Sessions struct {
	older map[int]bool
	begun time.Time
}

// sessionsKnown is how long a session's number is taken for the same session. It is given to another one only when all
// other numbers have been used.
const sessionsKnown = 200 * time.Millisecond

func (s *Sessions) fresh() map[int]bool {
	if s == nil {
		return map[int]bool{}
	}
	if s.older == nil || time.Since(s.begun) > sessionsKnown {
		s.older, s.begun = map[int]bool{}, time.Now()
	}
	return s.older
}

// Variable is the value of a variable in an environment as [Environ] returns it, "" when there is none.
func Variable(environ []byte, name string) string {
	for from := 0; from < len(environ); {
		end := from
		for end < len(environ) && environ[end] != 0 {
			end++
		}
		kv := environ[from:end]
		if len(kv) > len(name) && kv[len(name)] == '=' && string(kv[:len(name)]) == name {
			return string(kv[len(name)+1:])
		}
		from = end + 1
	}
	return ""
}
