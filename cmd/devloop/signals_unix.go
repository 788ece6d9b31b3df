//go:build unix

package main

import (
	"os"
	"syscall"
)

// endSignals end the loop in order. SIGPIPE is among them because a loop whose
// output nobody reads any more has no purpose; caught, it cannot kill devloop
// before its processes have ended.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE}
