package procgroup

import "time"

// ReaperOptions configure a [Reaper].
type ReaperOptions struct {
	// Apart is the longest time between two looks for orphans, while a group lives; 0 means 30 s.
	Apart time.Duration

	// Other tells whether a child of this process that has a session of its own and is no group's leader was
	// started by other code here, which waits for it. Nil means that there are none. It may be called by
	// several goroutines at once, and may not call this package.
	Other func(pid int) bool

	// Noticed is called with processes that are in neither a leader's group nor its session, as soon as they
	// are known: orphans that became children of this process, and members of a tree that left its group,
	// before these get a signal. Gone is called when they have ended. A process may be noticed twice. Both
	// may be nil. They may be called by several goroutines at once, and may not call this package.
	Noticed, Gone func(pids ...int)
}
