package listenfd

import (
	"net/netip"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// inetHolder looks for the process that keeps at from being bound.
func inetHolder(network Network, at netip.AddrPort) Holder {
	best := inetEntry{uid: -1}
	for _, file := range inetFiles(network) {
		_ = readInet(file, func(e inetEntry) bool {
			// Usually it is a listener, but also a client whose own port it happens to be.
			if e.inode != 0 && overlap(e.local, at) && (best.inode == 0 || e.state == stateListen) {
				best = e
			}
			return best.inode == 0 || best.state != stateListen
		})
	}
	if best.inode == 0 {
		return Holder{UID: -1}
	}
	return holderOf(best.inode, best.uid)
}

// listenerInode is the socket that accepts connections to at, 0 if there is none. One that is bound to this
// very address comes before one that is bound to all.
func listenerInode(at netip.AddrPort) (inode uint64) {
	exact := false
	for _, file := range inetFiles(TCP) {
		_ = readInet(file, func(e inetEntry) bool {
			if e.state == stateListen && overlap(e.local, at) && !exact {
				inode, exact = e.inode, e.local.Addr().Unmap() == at.Addr().Unmap()
			}
			return !exact
		})
	}
	return inode
}

// overlap tells whether two sockets cannot have these addresses at once. A socket bound to :: may take IPv4
// as well.
func overlap(a, b netip.AddrPort) bool {
	if a.Port() != b.Port() {
		return false
	}
	x, y := a.Addr().Unmap().WithZone(""), b.Addr().Unmap().WithZone("")
	return x == y || x.IsUnspecified() || y.IsUnspecified()
}

// pathHolder looks for the process that has a socket file bound.
func pathHolder(path string) Holder {
	var inode uint64
	_ = readUnix(func(e unixEntry) bool {
		// The table has the path as it was given to bind; a relative one is compared only by its last
		// element.
		if e.path == path || !filepath.IsAbs(e.path) && filepath.Base(e.path) == filepath.Base(path) {
			inode = e.inode
		}
		return inode == 0
	})
	if inode == 0 {
		return Holder{UID: -1}
	}
	return holderOf(inode, -1)
}

// peerHolder is the process that called listen on the other end of a connected unix socket, if it still
// lives.
func peerHolder(fd int) Holder {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil || cred.Pid <= 0 {
		return Holder{UID: -1}
	}
	pid := int(cred.Pid)
	if isZombie(pid) {
		return Holder{UID: int(cred.Uid)}
	}
	h := describe(pid)
	h.UID = int(cred.Uid)
	return h
}
