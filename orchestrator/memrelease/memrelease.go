// Package memrelease gives memory back to the system that a process which mostly
// waits does not need; it never changes what the program does.
package memrelease

import (
	"os"
	"runtime/debug"

	"devloop/orchestrator/memrelease/pages"
)

// How much may be allocated, in hundredths of what is in use, before the garbage
// collector runs (docs/benchmarks.md says what that is worth).
const (
	// At the start somebody waits for a walk that makes mostly what is kept: going
	// through it again and again takes 6 ms of 170 on a large tree.
	startPercent = 400

	// A process that waits for saves allocates little and keeps it long: collecting
	// four times as often as by default costs it nothing that can be measured.
	restPercent = 25
)

// Begin is called before a start that makes what is kept for long, and Begun when
// nobody waits for it any more. $GOGC (package runtime), if set, holds instead.
func Begin() { collect(startPercent) }

// Begun ends what Begin began, and gives back what the start needed of the program
// itself. It takes about a millisecond.
func Begun() {
	collect(restPercent)
	pages.Release()
}

func collect(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// Release is called when work is done and waiting begins. It collects what the
// work has left behind, and gives it back. It takes some milliseconds; other
// goroutines go on meanwhile.
func Release() {
	debug.FreeOSMemory()
	pages.Release()
}
