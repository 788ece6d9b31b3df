//go:build unix

package view

import (
	"os"
	"os/signal"
	"syscall"
)

// resizes reports that the terminal has another size.
func resizes(to chan<- os.Signal) { signal.Notify(to, syscall.SIGWINCH) }
