package fswatch

import "time"

// Op says what happened to a path; several things may have.
type Op uint8

const (
	Create Op = 1 << iota // it is new here, or was moved here, or was found in a directory that is new here
	Write                 // its content was written to
	Remove                // it was removed
	Rename                // it was moved away; the new place has a Create of its own
	Touch                 // its mode, times or other attributes changed; `touch` looks like chmod to the kernel
)

// Change is what happened to one path since the batch before.
type Change struct {
	Path string // absolute, below one of the roots as they were given (symbolic links are not resolved)
	Op   Op
	// Dir: a watched directory of this name is gone, with everything below. Its files are not known here:
	// count all known ones below it as removed.
	Dir         bool
	First, Last time.Time // when the first and the last event was seen
}

// Batch is what has gathered between two calls of Take.
type Batch struct {
	Changes []Change // a path once, in the order of the first events
	// Overflow: the kernel lost some events. Every wanted path that exists is in Changes, in this batch or
	// the ones right before it; removed paths are not: look at every path that you know.
	Overflow bool
	Synced   []uint64 // tokens of Sync calls: everything written before them has been delivered
	Notices  []Notice
}

// Notice is a message for the user.
type Notice struct {
	Kind NoticeKind
	Text string // a sentence or two, with the remedy where there is one
}

// NoticeKind sorts notices.
type NoticeKind uint8

const (
	LimitReached NoticeKind = iota // the system gives no more watches; the rest of the tree is watched
	Unreadable                     // a directory cannot be read
	Failed                         // the system's watcher reported an error
	Costly                         // watching uses much of what the system gives the process
)
