//go:build unix

package proxy

import (
	"errors"
	"syscall"
)

// noSuchAddress recognises an address that the machine does not have.
func noSuchAddress(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.ENETUNREACH)
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
