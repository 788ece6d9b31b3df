//go:build !linux

package inputs

import "time"

// clockStep is the step of the clock that the kernel takes the times of files from: it is not known here.
func clockStep() time.Duration { return longestStep }
