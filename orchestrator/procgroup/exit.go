package procgroup

import (
	"fmt"
	"time"
)

// Exit is how a group ended.
type Exit struct {
	// Code is the leader's exit status; 128 plus the signal's number when a
	// signal ended it, as shells count; -1 when it never ran.
	Code int
	// Signal is the name of the signal that ended the leader, such as
	// "SIGKILL"; empty when it ended with a status.
	Signal string
	// Err says why the leader never ran, see [errBusy] and [errStopped], or that its status is unknown. An
	// exit status is not an error.
	Err error

	LeaderEnded time.Time // when the leader ended
	Ended       time.Time // when the last member was gone and the output was out

	// Killed says that SIGKILL was sent to the group: by Kill, or because members outlived their grace
	// period.
	Killed bool
	// Leftovers is how many members were alive when the leader had ended. It is exact on Linux; elsewhere 1
	// means any number.
	Leftovers int
}

// Success says that the leader ran and ended with status 0.
func (e Exit) Success() bool { return e.Err == nil && e.Code == 0 }

// String is "exit 3", the name of a signal, or the error.
func (e Exit) String() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Signal != "":
		return e.Signal
	default:
		return fmt.Sprintf("exit %d", e.Code)
	}
}
