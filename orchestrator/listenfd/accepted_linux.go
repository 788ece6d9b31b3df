package listenfd

import (
	"fmt"
	"net/netip"
)

const stateCloseWait = 0x08 // the client has closed its side, the server has not

// Accepted is how many connections of a TCP socket a process has accepted and not closed, idle ones included.
// It reads /proc/net; for other networks, and on other systems, it is ErrUnsupported.
func (s *Socket) Accepted() (open int, err error) {
	if s.spec.Network != TCP {
		return 0, fmt.Errorf("count connections of %s socket: %w", s.spec.Network, ErrUnsupported)
	}
	own, err := netip.ParseAddrPort(s.addr)
	if err != nil {
		return 0, fmt.Errorf("count connections of %s: %w", s.addr, err)
	}
	file := inetFiles(TCP)[0]
	if own.Addr().Is6() {
		file = inetFiles(TCP)[1]
	}
	err = readInet(file, func(e inetEntry) bool {
		if e.local.Port() == own.Port() && e.inode != 0 && (e.state == stateEstablished || e.state == stateCloseWait) &&
			(own.Addr().IsUnspecified() || e.local.Addr() == own.Addr().WithZone("")) {
			open++
		}
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("count connections of %s: %w", s.addr, ErrUnsupported) // no /proc
	}
	return open, nil
}
