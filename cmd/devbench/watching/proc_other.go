//go:build !linux

package watching

import (
	"errors"
	"fmt"
)

var errProc = fmt.Errorf("look into a process tree: that takes Linux's /proc: %w on this system", errors.ErrUnsupported)

func vitalsOf(int) (vitals, error) { return vitals{}, errProc }
func effortOf(int) (effort, error) { return effort{}, errProc }

// lastWatched fails, and saves are probed in some directory instead of the last.
func lastWatched(int) (uint64, error) { return 0, errProc }
func inodeOf(string) uint64           { return 0 }
