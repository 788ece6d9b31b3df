package proxy

import (
	"errors"
	"syscall"
)

// Winsock's numbers; syscall's E constants on Windows are Go's own.
const (
	wsaeafnosupport  = syscall.Errno(10047)
	wsaeaddrnotavail = syscall.Errno(10049)
	wsaenetunreach   = syscall.Errno(10051)
	wsaeconnrefused  = syscall.Errno(10061)
)

// noSuchAddress recognises an address that the machine does not have.
func noSuchAddress(err error) bool {
	return errors.Is(err, wsaeaddrnotavail) || errors.Is(err, wsaeafnosupport) || errors.Is(err, wsaenetunreach)
}

func refused(err error) bool { return errors.Is(err, wsaeconnrefused) }
