//go:build unix && !linux

package sdnotify

import "golang.org/x/sys/unix"

func wantCredentials(int) error { return nil }

// trusted trusts everybody: these systems have no option that names the sender of
// every datagram in the same way. The socket's directory, which nobody else can
// enter, is what keeps others out.
func trusted([]unix.SocketControlMessage) bool { return true }
