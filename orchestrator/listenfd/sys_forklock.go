//go:build unix && !linux && !freebsd

package listenfd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// newSocket makes a blocking close-on-exec socket. The system cannot do both at once; the lock keeps a child
// from being started, and inheriting it, in between.
func newSocket(family, kind int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, kind, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}
