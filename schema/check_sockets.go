package schema

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
)

// checkSockets finds two sockets on one address, and unused sockets.
func (d *decoder) checkSockets(c *Config) {
	used := map[string]bool{}
	for _, p := range c.Processes {
		for _, ref := range p.Sockets {
			used[ref.Name] = true
		}
	}
	taken := bindings{}
	for i := range c.Sockets {
		s := &c.Sockets[i]
		if s.Listen.Type == "" {
			continue // a mistake that was reported
		}
		if before := taken.add(s); before != nil {
			d.both(s.Pos, "the sockets `"+before.Name+"` and `"+s.Name+"` share one address, "+s.shown(),
				"the other one is "+where(before.Pos, s.Pos)+": "+before.shown(), before.Pos, "the other one")
		}
		d.forwarded(c, s)
		d.ownScript(c, s)
		if !used[s.Name] {
			d.warn(s.Pos, "no process gets the socket `"+s.Name+"`", "list it under the `sockets` of a process")
		}
	}
	if c.Dashboard != nil && c.Dashboard.Type != "" {
		page := &Socket{Listen: *c.Dashboard, Pos: c.root().root.Get("dashboard").Pos}
		if before := taken.add(page); before != nil {
			d.both(page.Pos, "the dashboard and the socket `"+before.Name+"` share one address, "+page.shown(),
				"the socket is "+where(before.Pos, page.Pos)+": "+before.shown(), before.Pos, "the socket")
		}
	}
}

// ownScript finds pages that are to reload, and have no way to hear of it: devloop puts nothing into an answer that it does
// not forward, so the page itself has to load the script, which the dashboard serves.
func (d *decoder) ownScript(c *Config, s *Socket) {
	if s.Via != ViaInherit || s.Listen.Type != HTTP || s.Live == LiveOff || c.Dashboard != nil {
		return
	}
	d.mistake(s.at["live"], "`live: "+string(s.Live)+"` needs `via: proxy` or a `dashboard`: a process inherits `"+s.Name+"`, and answers itself",
		"write `via: proxy` beside it; or `dashboard: 7777` at the top, and load its script in the page")
}

// Clash is the first pair of sockets that cannot both be bound; nil if there is none.
func Clash(sockets []Listen) (first, second *Listen) {
	taken := bindings{}
	for i := range sockets {
		if before := taken.add(&Socket{Listen: sockets[i]}); before != nil {
			return &before.Listen, &sockets[i]
		}
	}
	return nil, nil
}

// forwarded finds a `to` that leads back to devloop.
func (d *decoder) forwarded(c *Config, s *Socket) {
	if s.To == "" {
		return
	}
	if held := c.heldAt(s.To); held != nil {
		d.mistake(s.at["to"], "devloop itself listens on "+s.To+", for the socket `"+held.Name+"`", "write the address that the server listens on, or remove `to` and let it listen on $PORT")
	}
}

// heldAt is the socket that is bound where an address leads, or nil.
func (c *Config) heldAt(addr string) *Socket {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	number, err := strconv.Atoi(port)
	if err != nil || number == 0 {
		return nil
	}
	for i := range c.Sockets {
		held := &c.Sockets[i]
		to := bindings{}
		to.add(&Socket{Listen: Listen{Type: TCP, Host: host, Port: number}})
		if held.Listen.Network() == "tcp" && to.add(held) != nil {
			return held
		}
	}
	return nil
}

// shown is an address for messages: a path within the project is relative to it.
func (s *Socket) shown() string {
	l := s.Listen
	if l.Type == Unix {
		if rel, err := filepath.Rel(s.Project.Dir, l.Path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return l.Addr()
}

// binding is what one bind occupies. The zero addr stands for any address of the family, so that 0.0.0.0
// and 127.0.0.1 clash.
type binding struct {
	network, path string
	port          int
	v6            bool
	addr          netip.Addr
}

type bindings map[binding]*Socket

// add adds what a socket binds, and returns an earlier socket that has it.
func (b bindings) add(s *Socket) (before *Socket) {
	l := s.Listen
	take := func(of binding) {
		if b[of] == nil {
			b[of] = s
		}
	}
	if l.Type == Unix {
		of := binding{network: l.Network(), path: l.Path}
		before = b[of]
		take(of)
		return before
	}
	if l.Port == 0 {
		return nil
	}
	for _, ip := range addresses(l.Host) {
		one := binding{network: l.Network(), port: l.Port, v6: ip.Is6(), addr: ip}
		family, all := one, one
		family.addr = netip.Addr{}
		all.addr = netip.IPv4Unspecified()
		if ip.Is6() {
			all.addr = netip.IPv6Unspecified()
		}
		for _, of := range []binding{one, all} {
			if before == nil && b[of] != s {
				before = b[of]
			}
		}
		if before == nil && ip.IsUnspecified() && b[family] != s {
			before = b[family]
		}
		take(one)
		take(family)
	}
	return before
}

// addresses is what a host occupies: `localhost` also reserves ::1. An IPv6 socket never takes IPv4.
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
