package schema

import (
	"net/netip"
	"path/filepath"
	"strconv"
)

// checkSockets finds two sockets on one address, and sockets that nobody gets.
func (d *decoder) checkSockets(c *Config) {
	for i, s := range c.Sockets {
		if s.Listen.Type == "" {
			continue // a mistake that has been told
		}
		for _, before := range c.Sockets[:i] {
			if clash(before.Listen, s.Listen) {
				d.mistake(s.Pos, "the sockets `"+before.Name+"` and `"+s.Name+"` are on one address, "+d.shown(s.Listen),
					"the other one is in line "+strconv.Itoa(before.Pos.Line)+": "+d.shown(before.Listen))
				break
			}
		}
		used := false
		for _, p := range c.Processes {
			for _, ref := range p.Sockets {
				used = used || ref.Name == s.Name
			}
		}
		if !used {
			d.warn(s.Pos, "no process gets the socket `"+s.Name+"`", "list it under the `sockets` of a process")
		}
	}
}

// shown is an address as a message has it: a path within the project without
// the project.
func (d *decoder) shown(l Listen) string {
	if l.Type == Unix {
		if rel, err := filepath.Rel(d.dir, l.Path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return l.Addr()
}

// clash reports whether the system would refuse to bind both.
func clash(a, b Listen) bool {
	if a.Network() != b.Network() {
		return false
	}
	if a.Type == Unix {
		return a.Path == b.Path
	}
	if a.Port != b.Port || a.Port == 0 {
		return false
	}
	for _, x := range addresses(a.Host) {
		for _, y := range addresses(b.Host) {
			if x == y || x.Is4() == y.Is4() && (x.IsUnspecified() || y.IsUnspecified()) {
				return true
			}
		}
	}
	return false
}

// addresses is what a host takes: `localhost` keeps others off ::1. An IPv6
// socket here is never one of IPv4 too.
func addresses(host string) []netip.Addr {
	if host == "localhost" {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return []netip.Addr{ip.Unmap()}
}
