package inputs

import (
	"time"

	"golang.org/x/sys/unix"
)

// clockStep is the step of the clock that the kernel takes the times of files from, which may come a little late.
func clockStep() time.Duration {
	var step unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_REALTIME_COARSE, &step); err != nil {
		return longestStep
	}
	return min(time.Duration(step.Nano())+time.Millisecond, longestStep)
}
