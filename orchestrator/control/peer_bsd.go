//go:build darwin || freebsd

package control

import "golang.org/x/sys/unix"

// solLocal is SOL_LOCAL, the level of options of unix sockets: 0 in both
// systems' sys/un.h.
const solLocal = 0

// peerOf is LOCAL_PEERCRED of unix(4), as getpeereid(3) uses it.
func peerOf(fd int) (uid int, err error) {
	cred, err := unix.GetsockoptXucred(fd, solLocal, unix.LOCAL_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
