//go:build unix

package proxy

import (
	"net"
	"syscall"
	"time"
)

// leastOfNew is enough where unread shows which clients have sent a request.
const leastOfNew = 2 * time.Millisecond

// unread tells whether a connection has unread data.
func unread(conn net.Conn) (is bool) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) { // fails when it is closed
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		is = err == nil && n > 0
	})
	return is
}
