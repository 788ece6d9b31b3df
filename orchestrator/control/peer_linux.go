package control

import "golang.org/x/sys/unix"

// peerOf is SO_PEERCRED of unix(7): who connected, at the time of connect.
func peerOf(fd int) (uid int, err error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
