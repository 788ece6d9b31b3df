//go:build !linux && !darwin && !freebsd

package main

import (
	"io"
	"os"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
)

// readKeys: this system's terminals are not read key by key.
func readKeys(io.Writer, *console.Console, chan<- os.Signal) (<-chan orchestrator.Request, *orchestrator.Terminal, func()) {
	return nil, nil, func() {}
}
