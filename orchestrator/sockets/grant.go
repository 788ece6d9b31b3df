package sockets

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// Grant is what one generation of a process has of the sockets, from just before its start until it is
// gone. Then it is given back: by Return, or by Cancel if the generation was never started.
type Grant struct {
	set       *Set
	began     time.Time
	serial    int                // what fronts know the generation by: no other grant of the Set has it
	refs      []schema.SocketRef // as they were configured at the start
	sockets   []*Held            // the same, in their order
	endpoints map[*Held]endpoint // of those that are proxied
	files     []*os.File         // of the others
	fresh     []func() error     // what makes those ready
	env       []string
	addrs     Addrs               // of the endpoints, once the generation is ready
	occupants map[string]occupant // by fixed address of an endpoint; no entry: nobody listened
	open      map[*Held]int       // connections that it had before a signal; nil: none was sent
}

// Addrs are the addresses at which the proxied sockets of a generation are served.
type Addrs map[*Held]string

// Granted is one socket of a grant.
type Granted struct {
	*Held
	Name        string // as the process was configured when it started
	Proxied     bool
	PrivatePort int    // if it is proxied; 0: a fixed address
	To          string // the fixed address, HOST:PORT
	FD          int    // the descriptor, if it is inherited
}

// Grant gives the sockets of a process to its next generation. Before that starts, Prepare is to be called.
func (s *Set) Grant(refs []schema.SocketRef) (*Grant, error) {
	s.serials++
	g := &Grant{set: s, began: time.Now(), serial: s.serials, refs: refs}
	var names []string
	for _, ref := range refs {
		h := s.Named(ref.Name)
		if h == nil {
			return nil, s.missing(ref.Name)
		}
		if err := h.matchFront(); err != nil {
			return nil, err
		}
		g.sockets = append(g.sockets, h)
		if h.front != nil {
			if err := g.assignPort(h, ref.Name); err != nil {
				return nil, err
			}
			continue
		}
		fresh := h.prepare()
		g.fresh = append(g.fresh, func() error {
			if err := fresh(); err != nil {
				return fmt.Errorf("socket %s: %w", ref.Name, err)
			}
			return nil
		})
		g.files = append(g.files, h.File())
		names = append(names, ref.Short)
	}
	if len(names) > 0 {
		g.env = append(g.env, listenfd.Env(names)...)
	}
	s.grants[g] = struct{}{}
	return g, nil
}

// assignPort gives a generation its private port for a proxied socket.
func (g *Grant) assignPort(h *Held, name string) error {
	e := endpoint{addr: h.cfg.To}
	var port string
	if h.cfg.To != "" {
		_, port, _ = net.SplitHostPort(h.cfg.To) // it was checked when it was read
	} else {
		free, err := proxy.FreePort()
		if err != nil {
			return fmt.Errorf("find a private port for socket %s: %w", h.cfg.Name, err)
		}
		e.port, port = free, fmt.Sprint(free)
	}
	if len(g.endpoints) == 0 {
		g.endpoints = map[*Held]endpoint{}
		g.env = append(g.env, "PORT="+port)
	}
	g.env = append(g.env, portVariable(name)+"="+port)
	g.endpoints[h] = e
	return nil
}

// portVariable is the name of the variable that tells a process its private
// port for a socket.
func portVariable(name string) string {
	return "DEVLOOP_PORT_" + strings.TrimPrefix(listenfd.Variable(name), listenfd.Variable(""))
}

// Files are the sockets that the generation inherits, in the order of their
// descriptors. They belong to the Set.
func (g *Grant) Files() []*os.File { return g.files }

// Env are the variables, NAME=VALUE, that tell of all sockets.
func (g *Grant) Env() []string { return g.env }

// Empty tells whether there is no socket in it.
func (g *Grant) Empty() bool { return len(g.sockets) == 0 }

// Sockets lists the sockets, in the order of the configuration.
func (g *Grant) Sockets() (list []Granted) {
	fd := listenfd.FirstFD
	for i, h := range g.sockets {
		one := Granted{Held: h, Name: g.refs[i].Name}
		if e, proxied := g.endpoints[h]; proxied {
			one.Proxied, one.PrivatePort, one.To = true, e.port, e.addr
		} else {
			one.FD = fd
			fd++
		}
		list = append(list, one)
	}
	return list
}

// Named is the socket that was given by this name; nil if none was. The
// configuration may have given the name, or the socket, to others since.
func (g *Grant) Named(name string) *Held {
	for i, h := range g.sockets {
		if g.refs[i].Name == name {
			return h
		}
	}
	return nil
}

// BaseURL is the URL of the first http socket: of its endpoint, if that is
// proxied; "" if there is none. The function may be called by any goroutine.
func (g *Grant) BaseURL() func(Addrs) string {
	for _, h := range g.sockets {
		url := h.URL()
		if url == "" {
			continue
		}
		scheme := string(h.cfg.Listen.Type)
		return func(addrs Addrs) string {
			if addr := addrs[h]; addr != "" {
				return scheme + "://" + addr
			}
			return url
		}
	}
	return func(Addrs) string { return "" }
}

// Ready records the addresses of a generation that is ready.
func (g *Grant) Ready(addrs Addrs) []error {
	g.addrs = addrs
	return g.refresh()
}

// refresh asks for the full queue again: many servers ask for less when they
// start to listen.
func (g *Grant) refresh() (errs []error) {
	for i, h := range g.sockets {
		refresh, name := h.Refresh, g.refs[i].Name
		do := func() error {
			if err := refresh(); err != nil {
				return fmt.Errorf("socket %s: %w", name, err)
			}
			return nil
		}
		if h.Network() == listenfd.Unix {
			g.set.paths.beside(do)
		} else if err := do(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Serve lets the generation answer: behind a front from now on, and clients that a placeholder, or an
// earlier front, has kept waiting.
func (g *Grant) Serve() {
	for _, h := range g.sockets {
		h.serves(g)
	}
	for h, addr := range g.addrs {
		h.front.Serve(g.serial, addr)
		h.serving = g.serial
	}
	for _, h := range g.sockets {
		if h.placeholder != nil {
			h.placeholder.Forward(h.dial)
		}
		for _, front := range h.parting {
			addr, proxied := g.addrs[h]
			if !proxied {
				addr = h.Addr()
			}
			front.Serve(g.serial, addr)
		}
	}
}

// drainShare is how much of the time that a process has to end may pass in
// waiting for its answers, before it is told.
func drainShare(timeout time.Duration) time.Duration {
	return max(timeout/2, timeout-2*time.Second)
}

// Drain takes the generation out of the fronts, and calls drained, from another goroutine, when its
// requests are answered, or a good part of the process's time to end has passed. It is false, and never
// calls drained, if there is no front.
func (g *Grant) Drain(timeout time.Duration, drained func()) bool {
	if len(g.endpoints) == 0 {
		return false
	}
	var fronts []*proxy.Front
	for h := range g.endpoints {
		if h.serving == g.serial {
			for _, front := range h.fronts() {
				front.Hold()
			}
			h.serving = 0
		}
		fronts = append(fronts, h.fronts()...)
	}
	ctx, cancel := context.WithTimeout(g.set.ctx, drainShare(timeout))
	g.set.joined.Go(func() {
		defer cancel()
		for _, f := range fronts {
			f.Drain(ctx, g.serial)
		}
		drained()
	})
	return true
}

// End is how a generation has ended.
type End struct {
	Asked  bool   // it was told to
	Signal string // what ended it, "SIGKILL"; "": it ended by itself
	Code   int    // then
}

// Return gives a grant back whose generation is gone.
func (g *Grant) Return(end End) []error {
	delete(g.set.grants, g)
	for h := range g.endpoints {
		cut := 0
		for _, front := range h.fronts() {
			cut += front.Drop(g.serial, end.killedFromOutside())
		}
		if h.serving == g.serial {
			h.serving = 0
		}
		if end.Asked || cut > 0 {
			h.cut = cut
		}
	}
	for _, h := range g.sockets {
		h.leaves(g, end)
	}
	g.countCut(end)
	return g.refresh()
}

// Cancel gives a grant back whose generation was never started. It does nothing
// to one that was given back.
func (g *Grant) Cancel() { delete(g.set.grants, g) }

// killedFromOutside tells whether a process was ended by a signal that no fault of its own raises; a shell
// reports such a signal by its exit code. The kernel does that too, when memory runs out.
func (end End) killedFromOutside() bool {
	return slices.Contains([]string{"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"}, end.Signal) ||
		slices.Contains([]int{128 + 9, 128 + 15, 128 + 2, 128 + 1}, end.Code)
}
