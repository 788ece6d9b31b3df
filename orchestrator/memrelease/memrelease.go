// Package memrelease gives memory back to the system that a process which mostly
// waits does not need; it never changes what the program does.
package memrelease

import (
	"os"
	"runtime/debug"

	"devloop/orchestrator/memrelease/pages"
)

// How much may be allocated, in hundredths of what is in use, before the garbage
// collector runs.
const (
	// At the start somebody waits for a walk that makes mostly what is kept: to
	// go through it again and again would take a tenth of the time.
	startPercent = 400

	// A process that waits for saves allocates little and keeps it long:
	// collecting four times as often as by default costs it nothing that anybody
	// could measure, and the room left for garbage is memory that others have
	// better use for. It holds before much garbage is made, because what is made
	// for keeps between a lot of garbage lies scattered later.
	restPercent = 25
)

// Begin is called before a start that makes what is kept for long, and Begun
// after it. $GOGC (package runtime), if set, is left as it is.
func Begin() { collect(startPercent) }

// Begun is called when nobody waits any more.
func Begun() { collect(restPercent) }

func collect(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// Settle is called when work is done and waiting begins. It collects what the
// work has left behind, and gives it back. It takes some milliseconds; other
// goroutines go on meanwhile.
func Settle() {
	debug.FreeOSMemory()
	pages.Release()
}
