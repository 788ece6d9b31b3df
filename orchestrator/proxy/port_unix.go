//go:build unix

package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

var errBound = errors.New("it can be bound")

// bindable tells whether an address can be bound. The socket never listens: a program that is being started
// inherits it until it has its own descriptors, and a server that has not even begun would seem to accept.
func bindable(addr string) error {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	var to syscall.Sockaddr = &syscall.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	if at.Addr().Is4() {
		to = &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	bind := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		err := errBound
		if failed := c.Control(func(fd uintptr) {
			if failed := syscall.Bind(int(fd), to); failed != nil {
				err = failed
			}
		}); failed != nil {
			return failed
		}
		return err // always, so that nothing listens
	}}
	if _, err := bind.Listen(context.Background(), "tcp", addr); !errors.Is(err, errBound) {
		return err
	}
	return nil
}
