package procgroup

// ReaperOptions say for whom a [Reaper] looks.
type ReaperOptions struct {
	// Other says of a child of this process, which has a session of its own and
	// is no group's leader, that it was started by somebody else here who waits
	// for it. Nil means that nobody starts such. It may not call this package.
	Other func(pid int) bool

	// Adopted is called with each process that was found to have been handed to
	// this one, and Buried when it has ended. Nil means that nobody wants to
	// know. They are called by one goroutine at a time.
	Adopted, Buried func(pid int)
}
