//go:build !linux && !darwin && !freebsd

package main

import (
	"os"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
)

const readsKeys = false

// readKeys: this system's terminals are not read key by key.
func readKeys(_ *audience, out *console.Console, _ chan<- os.Signal, _ []os.Signal, _ string) (<-chan orchestrator.Request, *orchestrator.Terminal, func()) {
	out.Show()
	return nil, nil, func() {}
}

// isJob tells whether a shell sees devloop stop: this system has no such thing.
func isJob() bool { return false }

func resume(int) error { return nil }
