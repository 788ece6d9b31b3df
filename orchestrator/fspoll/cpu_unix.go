//go:build linux || darwin || freebsd

package fspoll

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the calling thread has used of a core; negative: unknown.
func cpuTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return -1
	}
	return time.Duration(ts.Nano())
}
