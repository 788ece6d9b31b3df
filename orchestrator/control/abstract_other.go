//go:build darwin || freebsd

package control

import "net"

// abstract: this system has no abstract sockets.
func abstract(string) (string, error) { return "", ErrUnsupported }

func claimAbstract(string) (*net.UnixListener, error) { return nil, nil }

func heldAbstract(string) (*RunningError, bool) { return nil, false }
