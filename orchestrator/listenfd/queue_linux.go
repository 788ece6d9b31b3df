package listenfd

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// tcpListen is TCP_LISTEN of the kernel's net/tcp_states.h.
const tcpListen = 10

// Queue is how many connections wait to be accepted, without the one that WaitAccept parked, and how many
// may. Of a listening socket, Linux gives the two as tcpi_unacked and tcpi_sacked of TCP_INFO; for unix
// sockets, and on other systems, it is ErrUnsupported.
func (s *Socket) Queue() (waiting, limit int, err error) {
	if s.spec.Network != TCP {
		return 0, 0, fmt.Errorf("read queue of %s socket: %w", s.spec.Network, ErrUnsupported)
	}
	err = s.control(func(fd int) error {
		waiting, limit, err = tcpQueue(fd)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read queue of %s: %w", s.addr, err)
	}
	return max(0, waiting-int(s.parked.Load())), limit, nil
}

func tcpQueue(fd int) (waiting, limit int, err error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt TCP_INFO", err)
	}
	if info.State != tcpListen {
		return 0, 0, errNotListening
	}
	return int(info.Unacked), int(info.Sacked), nil
}
