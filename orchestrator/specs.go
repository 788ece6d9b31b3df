package orchestrator

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// Held is a socket that was opened from a spec alone. Whoever opened it closes
// it.
type Held struct {
	*listenfd.Socket
	listen schema.Listen
}

// Address is where people find the socket: a URL where there is one. It says
// where other machines reach it, if they do.
func (h Held) Address() string {
	return address(h.Socket, h.listen) + exposedNote(exposed(h.Socket, h.listen))
}

// SpecOptions say how sockets are bound that come from a spec alone.
type SpecOptions struct {
	Backlog int  // how many connections may wait; 0: the system's maximum
	NoReuse bool // without SO_REUSEADDR
}

// OpenSpecs binds sockets from specs such as "http::3000", all or none. Their
// names are their numbers, from 0.
func OpenSpecs(specs []string, opt SpecOptions) (held []Held, err error) {
	listens := make([]schema.Listen, len(specs))
	for i, text := range specs {
		if listens[i], err = schema.ParseListen(text); err != nil {
			return nil, err
		}
	}
	if first, second := schema.Clash(listens); second != nil {
		return nil, &schema.Error{Msg: fmt.Sprintf("the sockets %s and %s are on one address, %s", first.Text, second.Text, second.Addr()),
			Hint: "leave one of them out, or use another port (0 picks a free one)"}
	}
	defer func() {
		if err != nil {
			for _, h := range held {
				err = errors.Join(err, h.Close())
			}
			held = nil
		}
	}()
	for i, listen := range listens {
		spec := socketSpec(&schema.Socket{Name: strconv.Itoa(i), Listen: listen, Backlog: opt.Backlog, Mode: 0o600})
		spec.NoReuse = opt.NoReuse
		s, err := listenfd.Open(spec)
		if err != nil {
			return held, fmt.Errorf("socket %s: %w", listen.Text, err)
		}
		held = append(held, Held{s, listen})
	}
	return held, nil
}

// address is where people find a socket: a URL where there is one.
func address(s *listenfd.Socket, listen schema.Listen) string {
	switch listen.Type {
	case schema.HTTP, schema.HTTPS:
		return url(s, listen)
	case schema.Unix:
		return "unix:" + s.Addr()
	}
	return string(listen.Type) + "://" + s.Addr()
}

// url is a socket as the base of a URL. Nobody can open the address that means
// "every interface", so it is written as the loopback address.
func url(s *listenfd.Socket, listen schema.Listen) string {
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		return s.Addr()
	}
	if listen.Host == "localhost" {
		host = "localhost"
	} else if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		if host = "127.0.0.1"; ip.To4() == nil {
			host = "::1"
		}
	}
	return string(listen.Type) + "://" + net.JoinHostPort(host, port)
}
