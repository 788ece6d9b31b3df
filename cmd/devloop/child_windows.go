package main

import "os"

// forwarded are the signals that a command under `devloop listen` gets from
// devloop.
var forwarded = []os.Signal{os.Interrupt}

// childCode is the exit code of the command.
func childCode(s *os.ProcessState) int { return s.ExitCode() }
