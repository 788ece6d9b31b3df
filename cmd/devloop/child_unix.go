//go:build unix

package main

import (
	"os"
	"syscall"
)

// forwarded are the signals that a command under `devloop listen` gets from
// devloop. An interrupt is caught, so that devloop outlives the command.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// childCode is the exit code as a shell would tell it.
func childCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}
