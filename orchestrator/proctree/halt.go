package proctree

import (
	"time"

	"devloop/orchestrator/proctable"
)

// What ends a tree by SIGKILL stops all of it first, so that nobody forks its way out between the look and the signal. It
// waits for that only so long:
const (
	// for those who are in an uninterruptible wait, which is also that of a parent for the exec of a child that it made with
	// vfork,
	stuckPatience = 50 * time.Millisecond
	// for those who have not yet come to stop, on a machine with much to do,
	freezePatience = time.Second
	// and for a tree that grows faster than it can be looked at.
	growthPatience = 10 * time.Second
)

// Halt returns when a whole tree is stopped, or patience is at an end. look looks for the tree, sends SIGSTOP to all that
// do not stand still, and returns how many it found that it had not known, and whether all stood still; it is over when there
// is nothing to wait for any more. With stuck, those stand still who are in an uninterruptible wait. pause waits a moment.
func Halt(look func(stuck bool) (fresh int, still, over bool), pause func()) {
	begun := time.Now()
	news := begun // when somebody was last found
	// One look that finds nobody new and everybody stopped is not enough: it may have passed by the child that was born while
	// it was going on.
	for looks := 0; looks < 2; {
		quiet := time.Since(news)
		if quiet > freezePatience || time.Since(begun) > growthPatience {
			return
		}
		fresh, still, over := look(quiet > stuckPatience)
		switch {
		case over:
			return
		case fresh > 0:
			news, looks = time.Now(), 0
		case still:
			looks++
		default:
			looks = 0
			pause()
		}
	}
}

// Still says that a process that was sent SIGSTOP need not be waited for.
func Still(p proctable.Process, stuck bool) bool { return p.Stopped || stuck && p.Stuck }
