//go:build linux || freebsd

package listenfd

import "golang.org/x/sys/unix"

// newSocket makes a blocking close-on-exec socket.
func newSocket(family, kind int) (int, error) {
	return unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
}
