package procgroup

import "time"

// ReaperOptions say for whom a [Reaper] looks.
type ReaperOptions struct {
	// Apart is the longest time between two looks for orphans, while a group
	// lives; 0 stands for 30 s.
	Apart time.Duration

	// Other says of a child of this process, which has a session of its own and
	// is no group's leader, that it was started by somebody else here who waits
	// for it. Nil means that nobody starts such. It may not call this package.
	Other func(pid int) bool

	// Noticed is called with processes that neither a leader's group nor its
	// session shows, as soon as they are known: orphans that were handed to this
	// process, and members of a tree that left its group, before these get a
	// signal. Gone is called when they have ended. Each process may be noticed
	// twice. Nil means that nobody wants to know. They may be called by several
	// goroutines at once, and may not call this package.
	Noticed, Gone func(pids ...int)
}
