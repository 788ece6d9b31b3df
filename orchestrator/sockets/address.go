package sockets

import (
	"net"
	"net/netip"
	"strings"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// Bound is a socket, and what it is for in the words of the configuration.
type Bound struct {
	*listenfd.Socket
	listen schema.Listen
}

// String is the address to open, and where other machines reach the socket, if they do.
func (b Bound) String() string {
	if exposed := b.Exposed(); exposed != "" {
		return b.Address() + " (reachable from the network: " + exposed + ")"
	}
	return b.Address()
}

// Address is the address to open: a URL where there is one.
func (b Bound) Address() string {
	if url := b.URL(); url != "" {
		return url
	}
	if b.listen.Type == schema.Unix {
		return "unix:" + b.Addr()
	}
	return string(b.listen.Type) + "://" + b.Addr()
}

// URL is the socket as the base of a URL; "" if it is not for http. The address that means "every
// interface" cannot be opened, so it is written as the loopback address.
func (b Bound) URL() string {
	if b.listen.Type != schema.HTTP && b.listen.Type != schema.HTTPS {
		return ""
	}
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		return b.Addr()
	}
	if b.listen.Host == "localhost" {
		host = "localhost"
	} else if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		if host = "127.0.0.1"; ip.To4() == nil {
			host = "::1"
		}
	}
	return string(b.listen.Type) + "://" + net.JoinHostPort(host, port)
}

// Origins are those of the pages that are loaded from the socket on this machine, and where other machines reach it; none if
// it is not for http.
func (b Bound) Origins() (origins []string) {
	scheme, at, found := strings.Cut(b.URL(), "://")
	host, port, err := net.SplitHostPort(at)
	if !found || err != nil {
		return nil
	}
	hosts := []string{host}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		hosts = append(hosts, "localhost", "127.0.0.1", "::1")
	}
	for _, host := range hosts {
		origins = append(origins, scheme+"://"+net.JoinHostPort(host, port))
	}
	if exposed := b.Exposed(); exposed != "" {
		origins = append(origins, exposed)
	}
	return origins
}

// Exposed is where other machines reach the socket, as they would write it; ""
// for one that they do not.
func (b Bound) Exposed() string {
	if b.listen.Type == schema.Unix {
		return ""
	}
	at, err := netip.ParseAddrPort(b.Addr())
	if err != nil || at.Addr().IsLoopback() {
		return ""
	}
	host := at.Addr()
	if host.IsUnspecified() {
		host = outward(host.Is4())
	}
	return string(b.listen.Type) + "://" + netip.AddrPortFrom(host, at.Port()).String()
}

// outward is this machine's address as others know it: the one that it sends from. Without a network it is
// the unspecified address.
func outward(v4 bool) netip.Addr {
	// Addresses for documentation (RFC 5737, RFC 3849). Connecting a datagram
	// socket picks a route, and sends nothing.
	network, anybody, all := "udp4", "192.0.2.1:9", netip.IPv4Unspecified()
	if !v4 {
		network, anybody, all = "udp6", "[2001:db8::1]:9", netip.IPv6Unspecified()
	}
	conn, err := net.Dial(network, anybody)
	if err != nil {
		return all
	}
	defer conn.Close()
	if from, ok := conn.LocalAddr().(*net.UDPAddr); ok && !from.IP.IsUnspecified() {
		return from.AddrPort().Addr().Unmap()
	}
	return all
}
