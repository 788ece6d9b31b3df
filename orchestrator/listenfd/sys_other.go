//go:build unix && !linux

package listenfd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceFD makes fd another name of fresh; the lock is for the moment in which it is not close-on-exec.
func replaceFD(fresh, fd int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Dup2(fresh, fd); err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	return nil
}

// forgetsPickedPort is a habit of Linux alone; here a second socket could not be bound next to the first.
const forgetsPickedPort = false

// clearDeferAccept has nothing to undo: the option is Linux's.
func clearDeferAccept(int) {}

// privilegedBelow is the first port that anybody may bind. macOS asks no privilege for ports on all interfaces, but still
// does for those on one address.
func privilegedBelow() uint16 { return 1024 }

func privilegedHint() string { return "ports below 1024 are the system's; use a higher one" }
