package sdnotify

import (
	"os"

	"golang.org/x/sys/unix"
)

// wantCredentials makes the kernel add the sender to every message, also of
// those that send none.
func wantCredentials(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
}

// trusted tells whether a message is from this user's processes, or root's, as the
// kernel says (SCM_CREDENTIALS of unix(7)): a process cannot claim another's
// identity, except for root.
func trusted(parts []unix.SocketControlMessage) bool {
	for i := range parts {
		if cred, err := unix.ParseUnixCredentials(&parts[i]); err == nil {
			return cred.Uid == 0 || int(cred.Uid) == os.Geteuid()
		}
	}
	return false
}
