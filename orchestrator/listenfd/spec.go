package listenfd

import (
	"io/fs"
	"net"
	"strconv"
)

// Network is the kind of a socket.
type Network string

const (
	TCP  Network = "tcp"  // a stream socket of IPv4 or IPv6
	UDP  Network = "udp"  // a datagram socket of IPv4 or IPv6: bound, there is nothing to listen for
	Unix Network = "unix" // a stream socket in the file system
)

// Spec says what to bind.
type Spec struct {
	Name    string // what LISTEN_FDNAMES and messages call it
	Network Network

	// Host is an IP literal without brackets (with a zone, as fe80::1%eth0, where it needs one), "localhost", or "" for
	// 127.0.0.1. "localhost" binds 127.0.0.1 and reserves the same port of ::1: no other program can take it, and a
	// client that tries ::1 first is refused at once and goes on to 127.0.0.1. TCP and UDP only.
	Host string
	Port int // 0 lets the system pick a free one, once, in Open. TCP and UDP only.

	Path string      // of the socket file. Unix only.
	Mode fs.FileMode // permissions of the socket file; 0 is 0600. Unix only.

	// NoReuse binds without SO_REUSEADDR: not while connections of an earlier holder are in TIME_WAIT. TCP
	// only; the others never have the option.
	NoReuse bool

	Backlog int // how many connections may wait; 0 is as many as the system allows. TCP and Unix only.
}

// String is the address as a user would write it.
func (s Spec) String() string {
	if s.Network == Unix {
		return s.Path
	}
	host := s.Host
	if host == "" {
		host = defaultHost
	}
	return net.JoinHostPort(host, strconv.Itoa(s.Port))
}

// defaultHost is what a spec without a host binds: other machines should not reach a development server.
const defaultHost = "127.0.0.1"
