//go:build unix

package listenfd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxPicks limits the search for a port that is free on 127.0.0.1 and on ::1.
const maxPicks = 64

func (s *Socket) openInet() error {
	if s.spec.Port < 0 || s.spec.Port > 65535 {
		return &bindError{Addr: s.spec.String(), Err: errors.New("the port is not between 0 and 65535")}
	}
	if s.spec.Host == "localhost" {
		return s.openLocalhost()
	}
	host := s.spec.Host
	if host == "" {
		host = defaultHost
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return &bindError{Addr: s.spec.String(), Err: errNotLiteral,
			hint: "write an IP address of this machine, `localhost`, or 0.0.0.0 for all interfaces"}
	}
	fd, at, err := s.bind(ip.Unmap(), s.spec.Port)
	if err != nil {
		return err
	}
	if err := s.begin(fd, at); err != nil {
		_ = unix.Close(fd)
		return err
	}
	return nil
}

var errNotLiteral = errors.New("the host is neither an IP address nor localhost")

// openLocalhost binds 127.0.0.1 and reserves ::1. A port that the system picked on the one can be taken on
// the other; then it picks again, while the ports that did not do stay bound, so that they are not picked
// twice.
func (s *Socket) openLocalhost() error {
	var refused []int
	defer func() {
		for _, fd := range refused {
			_ = unix.Close(fd)
		}
	}()
	for {
		fd, at, err := s.bind(netip.AddrFrom4([4]byte{127, 0, 0, 1}), s.spec.Port)
		if err != nil {
			return err
		}
		reserve, err := s.reserveLoopback6(at.Port())
		if errors.Is(err, unix.EADDRINUSE) && s.spec.Port == 0 && len(refused) < maxPicks {
			refused = append(refused, fd)
			continue
		}
		if err == nil {
			err = s.begin(fd, at)
		}
		if err == nil && reserve >= 0 {
			err = s.keepReserve(reserve)
		}
		if err != nil {
			if s.file == nil {
				_ = unix.Close(fd)
			} else {
				_ = s.Close()
			}
			if reserve >= 0 && s.reserve == nil {
				_ = unix.Close(reserve)
			}
			return err
		}
		return nil
	}
}

// begin makes a bound descriptor a listening one, and ours.
func (s *Socket) begin(fd int, at netip.AddrPort) error {
	if s.spec.Network == TCP {
		if err := s.listen(fd); err != nil {
			return s.bindFailure(at.String(), err)
		}
	}
	s.addr, s.spec.Port = at.String(), int(at.Port())
	return s.own(fd)
}

// bind makes a socket, binds it, and returns the address.
func (s *Socket) bind(ip netip.Addr, port int) (fd int, at netip.AddrPort, err error) {
	fd, err = s.bindOnce(ip, port)
	if err != nil {
		return -1, at, err
	}
	at, err = boundTo(fd)
	if err != nil {
		_ = unix.Close(fd)
		return -1, at, err
	}
	if port != 0 || s.spec.Network != TCP || !forgetsPickedPort || s.spec.NoReuse {
		return fd, at, nil
	}
	// Bind the picked port by its number, next to the first socket (SO_REUSEADDR lets two that do not listen
	// share it), so that it is never free in between.
	named, err := s.bindOnce(ip, int(at.Port()))
	_ = unix.Close(fd)
	return named, at, err
}

func (s *Socket) bindOnce(ip netip.Addr, port int) (fd int, err error) {
	addr := net.JoinHostPort(ip.String(), strconv.Itoa(port))
	family, sockaddr, err := inetSockaddr(ip, port)
	if err != nil {
		return -1, &bindError{Addr: addr, Err: err}
	}
	kind := unix.SOCK_STREAM
	if s.spec.Network == UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err = newSocket(family, kind)
	if err != nil {
		return -1, s.bindFailure(addr, err)
	}
	if err := s.bindFD(fd, family, sockaddr, addr); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (s *Socket) bindFD(fd, family int, sockaddr unix.Sockaddr, addr string) error {
	if s.spec.Network == TCP && !s.spec.NoReuse {
		// Not for UDP: nothing waits there, and on Linux a second socket with the option could take the
		// port's datagrams.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
		}
	}
	if family == unix.AF_INET6 {
		// Explicit, because the default is a setting of the machine.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
		}
	}
	if err := unix.Bind(fd, sockaddr); err != nil {
		return s.bindFailure(addr, err)
	}
	return nil
}

// reserveLoopback6 binds [::1]:port and does not listen, so that connections there are refused. It returns -1 where the
// machine has no IPv6.
func (s *Socket) reserveLoopback6(port uint16) (fd int, err error) {
	fd, err = s.bindOnce(netip.IPv6Loopback(), int(port))
	var inUse *InUseError
	switch {
	case err == nil:
	case errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EADDRNOTAVAIL):
		return -1, nil
	case errors.As(err, &inUse):
		inUse.Reserve = true
		return -1, err
	default:
		return -1, err
	}
	if s.spec.Network == UDP {
		// A bound UDP socket would swallow datagrams. One that is connected to itself takes them from no
		// other sender, and others get an error that the port is closed.
		_, self, err := inetSockaddr(netip.IPv6Loopback(), int(port))
		if err == nil {
			err = unix.Connect(fd, self)
		}
		if err != nil {
			_ = unix.Close(fd)
			return -1, os.NewSyscallError("connect", err)
		}
	}
	return fd, nil
}

// keepReserve makes the reservation exclusive. With SO_REUSEADDR on both, Linux lets others bind the address
// of a socket that does not listen; the option was needed only for the bind.
func (s *Socket) keepReserve(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0); err != nil {
		return os.NewSyscallError("setsockopt SO_REUSEADDR", err)
	}
	s.reserve = os.NewFile(uintptr(fd), "reserved [::1]:"+strconv.Itoa(s.spec.Port))
	return nil
}

func inetSockaddr(ip netip.Addr, port int) (family int, sockaddr unix.Sockaddr, err error) {
	if ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		nic, err := net.InterfaceByName(zone)
		if err != nil {
			n, numErr := strconv.ParseUint(zone, 10, 32)
			if numErr != nil {
				return 0, nil, fmt.Errorf("find interface %s: %w", zone, err)
			}
			sa.ZoneId = uint32(n)
		} else {
			sa.ZoneId = uint32(nic.Index)
		}
	}
	return unix.AF_INET6, sa, nil
}

func boundTo(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	return addrPort(sa), nil
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 {
			zone := strconv.FormatUint(uint64(sa.ZoneId), 10)
			if nic, err := net.InterfaceByIndex(int(sa.ZoneId)); err == nil {
				zone = nic.Name
			}
			ip = ip.WithZone(zone)
		}
		return netip.AddrPortFrom(ip, uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// bindFailure explains the error of a system call for addr.
func (s *Socket) bindFailure(addr string, err error) error {
	at, _ := netip.ParseAddrPort(addr)
	switch err {
	case unix.EADDRINUSE:
		return &InUseError{Network: s.spec.Network, Addr: addr, Holder: inetHolder(s.spec.Network, at)}
	case unix.EACCES, unix.EPERM:
		hint := ""
		if at.Port() != 0 && at.Port() < privilegedBelow() {
			hint = privilegedHint()
		}
		return &bindError{Addr: addr, Err: err, hint: hint}
	case unix.EADDRNOTAVAIL:
		return &bindError{Addr: addr, Err: err,
			hint: "no interface of this machine has that address; `localhost` and 0.0.0.0 (all interfaces) always work"}
	case unix.EAFNOSUPPORT:
		return &bindError{Addr: addr, Err: err, hint: "this machine has no IPv6; use an IPv4 address"}
	}
	return &bindError{Addr: addr, Err: err}
}
