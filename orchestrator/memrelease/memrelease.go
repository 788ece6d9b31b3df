// Package memrelease gives memory back to the system that a process which mostly
// waits does not need; it never changes what the program does.
package memrelease

import (
	"os"
	"runtime/debug"

	"devloop/orchestrator/memrelease/pages"
)

// percent is how much may be allocated, in hundredths of what is in use, before the garbage collector runs. A
// process that waits for saves allocates little and keeps it long: collecting four times as often as by default
// costs it nothing that can be measured, and keeps the peak low (docs/benchmarks.md). $GOGC (package runtime),
// if set, holds instead.
const percent = 25

// Begun is called when nobody waits for the start any more. It also gives back what the start needed of the
// program itself, which takes about a millisecond.
func Begun() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	pages.Release()
}

// Release is called when work is done and waiting begins. It collects what the
// work has left behind, and gives it back. It takes some milliseconds; other
// goroutines go on meanwhile.
func Release() {
	debug.FreeOSMemory()
	pages.Release()
}
