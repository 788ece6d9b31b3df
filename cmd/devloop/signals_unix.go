//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// endSignals end the loop in order.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// outlivePipes keeps SIGPIPE from killing devloop before its processes have
// ended, until it is undone. It is taken and dropped: the runtime sends it for
// every connection whose other end has gone, too, and ignored it would be
// ignored by every command as well. The write that failed tells the rest.
func outlivePipes() (undo func()) {
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, syscall.SIGPIPE)
	return func() { signal.Stop(taken) }
}
