//go:build !unix

package proxy

import "net"

// bindable tells whether an address can be bound.
func bindable(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}
