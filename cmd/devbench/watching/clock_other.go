//go:build !linux

package watching

import "time"

// now reads the clock on the wall: there is no monotonic one that Go reads and
// all processes share. Do not set the clock while devbench runs.
func now() instant { return instant(time.Now().UnixNano()) }
