// Package memrelease gives memory back to the system that a process which mostly
// waits does not need; it never changes what the program does.
package memrelease

import (
	"runtime/debug"

	"devloop/orchestrator/memrelease/pages"
)

// Release is called when work is done and waiting begins. It collects what the
// work has left behind, and gives it back. It takes some milliseconds; other
// goroutines go on meanwhile.
func Release() {
	debug.FreeOSMemory()
	pages.Release()
}
