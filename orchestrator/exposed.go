package orchestrator

import (
	"net"
	"net/netip"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// exposed is where other machines reach a socket, as they would write it; "" for
// one that they do not.
func exposed(s *listenfd.Socket, listen schema.Listen) string {
	if listen.Type == schema.Unix {
		return ""
	}
	at, err := netip.ParseAddrPort(s.Addr())
	if err != nil || at.Addr().IsLoopback() {
		return ""
	}
	host := at.Addr()
	if host.IsUnspecified() {
		host = outward(host.Is4())
	}
	return string(listen.Type) + "://" + netip.AddrPortFrom(host, at.Port()).String()
}

// outward is the address of this machine that others know it by: the one that it
// sends from. Where it is in no network, that is the address that stands for
// all.
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

// exposedNote says of a socket that other machines can reach it, "" if they
// cannot.
func exposedNote(address string) string {
	if address == "" {
		return ""
	}
	return " (the network can reach it: " + address + ")"
}
