package orchestrator

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// heldSocket is a socket that the loop binds before anything starts, and holds
// until everything has ended.
type heldSocket struct {
	*listenfd.Socket
	cfg *schema.Socket

	front   *proxy.Front   // if it is proxied
	standIn *proxy.StandIn // if it is not, and browsers get pages while its server is down
	parting []*proxy.Front // fronts of before: who waits in one is answered by the next generation

	frontHTTP bool      // front speaks HTTP
	serving   int       // the serial number of the generation behind the front; 0: none
	cut       int       // requests that the last restart cut
	downSince time.Time // zero: its server is ready
	paging    bool      // browsers get pages

	// For the goroutines of front and standIn.
	news     atomic.Pointer[proxy.News]
	checking atomic.Bool
}

// bind opens every socket, or none: a port in use is an error before anything
// has started.
func (l *loop) bind() error {
	var errs []error
	for i := range l.cfg.Sockets {
		cfg := &l.cfg.Sockets[i]
		if l.opt.Once && !l.usedOnce(cfg.Name) {
			continue
		}
		s, err := listenfd.Open(socketSpec(cfg))
		if err != nil {
			errs = append(errs, fmt.Errorf("socket %s: %w", cfg.Name, err))
			continue
		}
		held := &heldSocket{Socket: s, cfg: cfg}
		l.sockets = append(l.sockets, held)
		if err := l.openFront(held); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, s := range l.sockets {
		l.say.held(s)
	}
	return nil
}

// usedOnce tells whether a single run may start a process with the socket:
// only what a watcher depends on is started, so most sockets are not needed,
// and a loop that is already running may well hold them.
func (l *loop) usedOnce(socket string) bool {
	for i, n := range l.graph.Nodes {
		if n.Watcher == nil {
			continue
		}
		for _, e := range l.graph.Edges {
			if e.To != i || e.Condition == "" {
				continue
			}
			for _, up := range l.graph.Closure(e.From) {
				if p := l.graph.Nodes[up].Process; p != nil {
					for _, ref := range p.Sockets {
						if ref.Name == socket {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

func (l *loop) unbind() error {
	var errs []error
	for _, s := range append(l.sockets, l.leaving...) {
		errs = append(errs, s.closeFront(), s.Close())
	}
	return errors.Join(errs...)
}

func (l *loop) socket(name string) *heldSocket {
	for _, s := range l.sockets {
		if s.cfg.Name == name {
			return s
		}
	}
	return nil
}

// prepare makes a socket ready for a next generation. The one before may have
// shortened its queue and changed its flags; as long as another process holds
// it, the flags are that one's and are left alone.
func (l *loop) prepare(s *heldSocket) error {
	if s.standIn != nil {
		s.standIn.Leave()
		s.paging = false
	}
	fresh := s.Reset
	if l.holds(s) {
		fresh = s.Refresh
	}
	if err := fresh(); err != nil {
		return fmt.Errorf("socket %s: %w", s.cfg.Name, err)
	}
	return nil
}

// refreshSockets asks for the full queue again: many servers ask for less when
// they start to listen.
func (l *loop) refreshSockets(c *command) {
	for _, s := range c.sockets {
		if err := s.Refresh(); err != nil {
			l.say.trouble(c.key.node, fmt.Errorf("socket %s: %w", s.cfg.Name, err))
		}
	}
}

// address is where people find the socket: a URL where there is one.
func (s *heldSocket) address() string { return address(s.Socket, s.cfg.Listen) }

// exposed is where other machines reach the socket, "" if they do not.
func (s *heldSocket) exposed() string { return exposed(s.Socket, s.cfg.Listen) }

// url is the socket as the base of a URL.
func (s *heldSocket) url() string { return url(s.Socket, s.cfg.Listen) }
