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

// forgetsPickedPort: only Linux does; here a second socket could not be bound next to the first.
const forgetsPickedPort = false

// clearDeferAccept does nothing: only Linux has the option.
func clearDeferAccept(int) {}

// privilegedBelow is the first port that needs no privilege. On macOS ports on all interfaces need none, but
// those on one address still do.
func privilegedBelow() uint16 { return 1024 }

func privilegedHint() string { return "ports below 1024 are the system's; use a higher one" }
