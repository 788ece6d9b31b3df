package listenfd

import (
	"context"
	"net"
	"net/netip"
)

// An Occupant is the socket that accepts connections to a TCP address.
type Occupant struct {
	at    netip.AddrPort
	inode uint64 // 0: this system does not tell
}

// OccupantOf connects to an address, "127.0.0.1:3000", and identifies the socket there. ok is false if
// nothing accepts.
func OccupantOf(ctx context.Context, addr string) (o Occupant, ok bool) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return o, false
	}
	defer conn.Close() // nothing was said
	if remote, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		o.at = remote.AddrPort()
	}
	o.inode = listenerInode(o.at)
	return o, true
}

// Is tells whether both are the same socket, as far as the system tells: where it does not, they are.
func (o Occupant) Is(other Occupant) bool { return o.inode == other.inode }

// Holder looks for the process that has the socket, through the whole process table.
func (o Occupant) Holder() Holder {
	if !o.at.IsValid() {
		return Holder{UID: -1}
	}
	return inetHolder(TCP, o.at)
}
