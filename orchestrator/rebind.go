package orchestrator

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"devloop/orchestrator/listenfd"
	"devloop/schema"
)

// misfit tells whether the front that a socket has is not the one that the
// configuration asks for.
func (s *heldSocket) misfit(cfg *schema.Socket) bool {
	proxied := cfg.Via == schema.ViaProxy
	return proxied != (s.front != nil) || proxied && s.frontHTTP != (cfg.Listen.Type == schema.HTTP)
}

// heldAt finds the socket that is bound where the configuration wants one. One
// that is about to be let go will do.
func (l *loop) heldAt(cfg *schema.Socket) *heldSocket {
	for _, s := range slices.Concat(l.sockets, l.leaving) {
		if socketKey(s.cfg) == socketKey(cfg) {
			return s
		}
	}
	return nil
}

// rebind binds the sockets that the configuration has and nobody holds yet: all
// of them or, with an error, none.
func (l *loop) rebind(cfg *schema.Config) (opened []*heldSocket, err error) {
	var errs []error
	for i := range cfg.Sockets {
		c := &cfg.Sockets[i]
		if l.heldAt(c) != nil {
			continue
		}
		s, err := listenfd.Open(socketSpec(c))
		if err != nil {
			errs = append(errs, fmt.Errorf("socket %s: %w", c.Name, l.ownHolder(err, opened)))
			continue
		}
		held := &heldSocket{Socket: s, cfg: c}
		opened = append(opened, held)
		if err := l.openFront(held); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		for _, s := range opened {
			_ = errors.Join(s.closeFront(), s.Close()) // the error to tell is the first one
		}
		return nil, fmt.Errorf("the configuration stays as it was: %w", err)
	}
	return opened, nil
}

// ownHolder says it in other words if the one who has the address is this loop.
func (l *loop) ownHolder(err error, opened []*heldSocket) error {
	var inUse *listenfd.InUseError
	if !errors.As(err, &inUse) || inUse.Holder.PID != os.Getpid() {
		return err
	}
	for _, s := range slices.Concat(l.sockets, l.leaving, opened) {
		if s.Network() == inUse.Network && strings.HasSuffix(inUse.Addr, fmt.Sprintf(":%d", s.Port())) {
			return &overlapError{inUse, s}
		}
	}
	return err
}

// overlapError is an address that cannot be bound beside one that the loop holds.
type overlapError struct {
	*listenfd.InUseError
	held *heldSocket
}

func (e *overlapError) Error() string {
	return fmt.Sprintf("%s overlaps with %s, which this loop holds for socket %s", e.Addr, e.held.Addr(), e.held.cfg.Name)
}

func (e *overlapError) Unwrap() error { return e.InUseError }

func (e *overlapError) Hint() string {
	return "a socket is let go only when the new one is bound: end devloop and start it again, or use another port"
}

// adoptSockets gives every held socket its place in the new configuration. One
// that has none any more is let go when its last user has ended.
func (l *loop) adoptSockets(cfg *schema.Config, opened []*heldSocket) {
	held := slices.Concat(l.sockets, l.leaving, opened)
	l.sockets, l.leaving = nil, nil
	for i := range cfg.Sockets {
		c := &cfg.Sockets[i]
		for j, s := range held {
			if s != nil && socketKey(s.cfg) == socketKey(c) {
				s.cfg = c
				l.sockets, held[j] = append(l.sockets, s), nil
				l.matchStandIn(s)
				break
			}
		}
	}
	for _, s := range held {
		if s != nil {
			l.leaving = append(l.leaving, s)
		}
	}
}

// matchStandIn makes or ends the stand-in of a socket, as the configuration says.
func (l *loop) matchStandIn(s *heldSocket) {
	wants := s.cfg.Via != schema.ViaProxy && s.cfg.WhileDown == schema.DownPage
	switch {
	case wants && s.standIn == nil && s.front == nil:
		if err := l.openFront(s); err != nil {
			l.say.notice(err.Error())
		}
	case !wants && s.standIn != nil && s.front == nil:
		l.partFront(s)
	}
}

// matchFront makes the front of a socket what the configuration says. Nobody
// else uses the socket now: its process is about to start.
func (l *loop) matchFront(s *heldSocket) error {
	if !s.misfit(s.cfg) {
		return nil
	}
	l.partFront(s)
	return l.openFront(s)
}

// release closes the sockets that nobody uses any more.
func (l *loop) release() {
	l.leaving = slices.DeleteFunc(l.leaving, func(s *heldSocket) bool {
		if l.holds(s) {
			return false
		}
		l.dismiss(s)
		if err := errors.Join(s.closeFront(), s.Close()); err != nil {
			l.say.notice(err.Error())
		}
		l.say.released(s)
		return true
	})
}
