//go:build !(linux || darwin || freebsd)

package fspoll

import "time"

// cpuTime is unknown here; elapsed time is used instead.
func cpuTime() time.Duration { return -1 }
