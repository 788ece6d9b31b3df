package orchestrator

import (
	"context"
	"fmt"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/probe"
)

// earlier is what was there just before a generation started, so that it is not
// taken for the generation's work. A goroutine of the command takes it, before the
// start; it is read after that.
type earlier struct {
	file      probe.Mark          // of `ready: {file: …}`
	occupants map[string]occupant // by fixed address of a proxied socket; no entry: nobody listened
}

// occupant is who listened on an address, and in words once somebody has asked.
type occupant struct {
	listenfd.Occupant
	words string
}

// occupiedIn is how long somebody may take to accept a connection on this machine.
const occupiedIn = time.Second

// takeEarlier looks what is there before a generation starts. It may wait for a
// disk.
func (c *command) takeEarlier(ctx context.Context) {
	if c.process == nil {
		return
	}
	if r := c.process.Ready; r != nil && r.File != "" {
		c.earlier.file = probe.MarkFile(r.File)
	}
	for _, d := range c.doors {
		if d.addr == "" {
			continue // a port that was free
		}
		ctx, cancel := context.WithTimeout(ctx, occupiedIn)
		if o, found := listenfd.OccupantOf(ctx, d.addr); found {
			if c.earlier.occupants == nil {
				c.earlier.occupants = map[string]occupant{}
			}
			c.earlier.occupants[d.addr] = occupant{Occupant: o}
		}
		cancel()
	}
}

// accepts asks whether a generation accepts on a fixed address: whether somebody
// does who did not before it started.
func (e *earlier) accepts(ctx context.Context, addr string) error {
	before, occupied := e.occupants[addr]
	if !occupied {
		return probe.TCP(ctx, addr)
	}
	now, found := listenfd.OccupantOf(ctx, addr)
	switch {
	case !found:
		delete(e.occupants, addr) // it has gone
		return probe.TCP(ctx, addr)
	case !now.Is(before.Occupant):
		return nil
	}
	if before.words == "" { // it takes a walk through all processes
		before.words = "another program"
		if h := now.Holder(); h.PID != 0 {
			before.words = fmt.Sprintf("%s (pid %d)", h.Name, h.PID)
		}
		e.occupants[addr] = before
	}
	return occupiedError{addr, before.words}
}

// occupiedError says that somebody else listens where a generation should.
type occupiedError struct{ addr, by string }

func (e occupiedError) Error() string {
	return fmt.Sprintf("%s listens on %s, and did before this started", e.by, e.addr)
}

func (e occupiedError) Hint() string {
	return "end that one, or let the server listen on another port and name it in `to`"
}
