//go:build !linux && !darwin && !freebsd

package main

import (
	"io"
	"os"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
)

// readKeys: this system's terminals are not read key by key.
func readKeys(_ io.Writer, out *console.Console, _ chan<- os.Signal, _ func(<-chan struct{}) error) (<-chan orchestrator.Request, *orchestrator.Terminal, func()) {
	out.Show()
	return nil, nil, func() {}
}
