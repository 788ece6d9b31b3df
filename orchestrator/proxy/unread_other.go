//go:build !unix

package proxy

import (
	"net"
	"time"
)

// leastOfNew is for the request to be read.
const leastOfNew = 50 * time.Millisecond

// unread cannot tell whether a connection has unread data.
func unread(net.Conn) bool { return false }
