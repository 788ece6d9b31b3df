//go:build !linux && !darwin && !freebsd

package main

import (
	"os"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
)

// keys: this system's terminals are not read key by key.
func (a *app) keys(*console.Console, chan<- os.Signal) (<-chan orchestrator.Request, *orchestrator.Terminal, func()) {
	return nil, nil, func() {}
}
