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

// Address is where people find the socket: a URL where there is one.
func (h Held) Address() string { return address(h.Socket, h.listen) }

// OpenSpecs binds sockets from specs such as "http::3000", all or none. Their
// names are their numbers, from 0. backlog 0 is the system's maximum.
func OpenSpecs(specs []string, backlog int) (held []Held, err error) {
	defer func() {
		if err != nil {
			for _, h := range held {
				err = errors.Join(err, h.Close())
			}
			held = nil
		}
	}()
	for i, text := range specs {
		listen, err := schema.ParseListen(text)
		if err != nil {
			return held, err
		}
		s, err := listenfd.Open(socketSpec(&schema.Socket{Name: strconv.Itoa(i), Listen: listen, Backlog: backlog, Mode: 0o600}))
		if err != nil {
			return held, fmt.Errorf("socket %s: %w", text, err)
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
