//go:build !linux && !darwin && !freebsd

package main

import (
	"io"
	"os"
	"os/exec"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
)

const readsKeys = false

// readKeys: this system's terminals are not read key by key.
func readKeys(_ io.Writer, out *console.Console, _ chan<- os.Signal, _ string, _ func(*exec.Cmd, <-chan struct{}) error) (<-chan orchestrator.Request, *orchestrator.Terminal, func()) {
	out.Show()
	return nil, nil, func() {}
}

// isJob tells whether a shell sees devloop stop: this system has no such thing.
func isJob() bool { return false }
