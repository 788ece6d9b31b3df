// Package thrift gives memory back to the system that a process which mostly
// waits does not need; it never changes what the program does.
package thrift

import (
	"os"
	"runtime/debug"

	"devloop/orchestrator/thrift/pages"
)

// gcPercent is how much may be allocated, in hundredths of what is in use,
// before the garbage collector runs. A process that waits for saves allocates
// little and keeps it long: collecting four times as often as by default costs
// it nothing that anybody could measure, and the room left for garbage is
// memory that others have better use for. It holds from the beginning, because
// what is made for keeps between a lot of garbage lies scattered later.
const gcPercent = 25

// Begin is called before a start that makes what is kept for long.
// $GOGC (package runtime), if set, is left as it is.
func Begin() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// Settle is called when work is done and waiting begins. It collects what the
// work has left behind, and gives it back. It takes some milliseconds; other
// goroutines go on meanwhile.
func Settle() {
	debug.FreeOSMemory()
	pages.Release()
}
