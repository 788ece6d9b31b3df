package sockets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/proxy"
)

// endpoint is where a generation is to be found behind a front: at a fixed
// address, or on a port of this machine.
type endpoint struct {
	addr string
	port int
}

// occupant is who listened on an address before a generation started, and in words
// once somebody has asked.
type occupant struct {
	listenfd.Occupant
	words string
}

const (
	// occupiedIn is how long somebody may take to accept a connection on this machine.
	occupiedIn = time.Second

	// attempt is how long one try to reach an endpoint may take.
	attempt = 5 * time.Second
)

// Prepare makes the inherited sockets ready for the generation, and notes who
// listens where it is to, before it starts, so that it is not taken for the
// generation. It takes its time, and is called once, by the goroutine that starts
// the generation.
func (g *Grant) Prepare(ctx context.Context) error {
	for _, fresh := range g.fresh {
		if err := fresh(); err != nil {
			return err
		}
	}
	g.look(ctx)
	return nil
}

func (g *Grant) look(ctx context.Context) {
	for _, e := range g.endpoints {
		if e.addr == "" {
			continue // a port that was free
		}
		ctx, cancel := context.WithTimeout(ctx, occupiedIn)
		if o, found := listenfd.OccupantOf(ctx, e.addr); found {
			if g.occupants == nil {
				g.occupants = map[string]occupant{}
			}
			g.occupants[e.addr] = occupant{Occupant: o}
		}
		cancel()
	}
}

// Dial waits until every endpoint of the generation accepts, and returns their
// addresses. failed is called with what each try has come to; occupied once, if
// somebody else listens on one. It is called after Prepare, by one goroutine at a
// time.
func (g *Grant) Dial(ctx context.Context, failed func(error), occupied func(OccupiedError)) (Addrs, error) {
	found := Addrs{}
	told := false
	for h, e := range g.endpoints {
		err := probe.Poll(ctx, func(ctx context.Context) error {
			addr, err := g.dialOnce(ctx, e)
			found[h] = addr
			var other OccupiedError
			if errors.As(err, &other) && !told {
				told = true
				occupied(other)
			}
			if err != nil && ctx.Err() == nil { // else it was cut short
				failed(err)
			}
			return err
		}, probe.Schedule{})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (g *Grant) dialOnce(ctx context.Context, e endpoint) (addr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	if e.addr != "" {
		return e.addr, g.accepts(ctx, e.addr)
	}
	return proxy.Accepting(ctx, e.port)
}

// accepts asks whether a generation accepts on a fixed address: whether somebody
// does who did not before it started.
func (g *Grant) accepts(ctx context.Context, addr string) error {
	before, occupied := g.occupants[addr]
	if !occupied {
		return probe.TCP(ctx, addr)
	}
	now, found := listenfd.OccupantOf(ctx, addr)
	switch {
	case !found:
		delete(g.occupants, addr) // it has gone
		return probe.TCP(ctx, addr)
	case !now.Is(before.Occupant):
		return nil
	}
	if before.words == "" { // it takes a walk through all processes
		before.words = "another program"
		if h := now.Holder(); h.PID != 0 {
			before.words = fmt.Sprintf("%s (pid %d)", h.Name, h.PID)
		}
		g.occupants[addr] = before
	}
	return OccupiedError{addr, before.words}
}

// OccupiedError says that somebody else listens where a generation should.
type OccupiedError struct{ addr, by string }

func (e OccupiedError) Error() string {
	return fmt.Sprintf("%s was already listening on %s before this started", e.by, e.addr)
}

// Hint says what to do about it.
func (e OccupiedError) Hint() string {
	return "stop it, or let the server listen on another port and name that in `to`"
}
