package runner

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/orchestrator/journal"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
)

// adoptionAfter is how long after its start a process is checked for whether it uses its sockets. That costs
// a walk through /proc, so it is done once.
const adoptionAfter = 3 * time.Second

// adoptions checks, some time after the start of a process, whether it really uses the sockets that it was
// given: wrappers lose descriptors, and servers that do not know the protocol bind a port of their own.
type adoptions struct {
	owner   *owner
	sockets *sockets.Set
	journal *journal.Journal
}

func (a *adoptions) watch(c *Command) {
	if c.grant.Empty() {
		return
	}
	late := ReadyTimeout
	if r := c.process.Ready; r != nil {
		late = r.Timeout
	}
	a.owner.joined.Go(func() {
		first, last := time.NewTimer(adoptionAfter), time.NewTimer(max(late, adoptionAfter))
		defer first.Stop()
		defer last.Stop()
		for range 2 {
			select {
			case <-first.C:
				a.owner.post(func() { a.check(c, late <= adoptionAfter) })
			case <-last.C:
				a.owner.post(func() { a.check(c, true) })
				return
			case <-c.group.Done():
				return
			case <-a.owner.ctx.Done():
				return
			}
		}
	})
}

// check looks in another goroutine, since /proc may be long. late says that the process should be ready by
// now: before that, one that holds its socket and does not accept may still be starting.
func (a *adoptions) check(c *Command, late bool) {
	if c.gone || late && (c.readiness.ready || c.advised) {
		return
	}
	given := adoption{group: c.group, unready: c.readiness.probed && !c.readiness.ready, late: late}
	for _, s := range c.grant.Sockets() {
		one := givenSocket{s.Socket, s.Name, s.Address(), s.Proxied, s.PrivatePort, s.FD, false}
		if given.unready && !s.Proxied {
			// With a ready of its own, the process may not be ready for other reasons than that it does not
			// accept.
			waiting, _, err := s.Queue()
			one.idle = c.process.Ready == nil || err == nil && waiting > 0
		}
		given.sockets = append(given.sockets, one)
	}
	for _, s := range a.sockets.All() {
		given.ours = append(given.ours, listenfd.Listener{Network: s.Network(), Addr: s.Addr()})
	}
	a.owner.joined.Go(func() {
		if text, hint := given.problem(); text != "" {
			a.owner.post(func() {
				if !c.gone && !c.advised {
					c.advised = true
					a.owner.advice(c.Key.Node, text, hint)
				}
			})
		}
	})
}

// endedBefore gives likely reasons why a process ended before it took its socket.
func (a *adoptions) endedBefore(c *Command) {
	if dropsDescriptors(c.wrapper) {
		a.owner.advice(c.Key.Node, fmt.Sprintf("it may not have received its sockets: %s does not pass descriptors on", c.wrapper), wrapperHint)
	}
	a.boundItself(c)
}

// adoption is what a process was given, to check what it does with it.
type adoption struct {
	group   *procgroup.Group
	sockets []givenSocket
	unready bool
	late    bool // and it should be by now
	ours    []listenfd.Listener
}

type givenSocket struct {
	*listenfd.Socket
	name, address string
	proxied       bool
	port          int  // its private port, if proxied; 0: a fixed address
	fd            int  // its descriptor, if not
	idle          bool // no process accepts on it, if it is not proxied
}

// missed tells whether a server that listens on these addresses, and is not ready, does not use its private
// port.
func (s givenSocket) missed(addrs []string) bool {
	if s.port == 0 || len(addrs) == 0 {
		return false
	}
	return !slices.ContainsFunc(addrs, func(addr string) bool {
		_, port, err := net.SplitHostPort(addr)
		return err == nil && port == strconv.Itoa(s.port)
	})
}

// problem says what is wrong with how a process uses its sockets.
func (a adoption) problem() (text, hint string) {
	pids, err := a.group.Members()
	if err != nil || len(pids) == 0 {
		return "", "" // this system does not say, or it is gone
	}
	others, err := a.others(pids)
	if err != nil {
		return "", ""
	}
	elsewhere := strings.Join(others, ", ")
	for _, s := range a.sockets {
		if s.proxied {
			if a.unready && s.missed(others) {
				return fmt.Sprintf("listens on %s, not on port %d, which the socket %s is forwarded to", elsewhere, s.port, s.name),
					"make it listen on $PORT, or write its address under the socket: `to: ADDRESS`"
			}
			continue
		}
		holding, err := s.HeldBy(pids)
		if err != nil {
			return "", ""
		}
		name := fmt.Sprintf("the socket %s (%s)", s.name, s.address)
		hint = fmt.Sprintf("make it listen on file descriptor %d: `devloop help sockets` has the line for each language", s.fd)
		switch {
		case len(holding) == 0 && elsewhere != "":
			return fmt.Sprintf("listens on %s, and has not taken %s", elsewhere, name), hint
		case len(holding) == 0:
			return fmt.Sprintf("has not taken %s", name), hint
		case s.idle && elsewhere != "":
			return fmt.Sprintf("listens on %s, not on %s, which it was given", elsewhere, name), hint
		case a.late && s.idle && len(holding) < len(pids) && slices.Contains(holding, a.group.PID()):
			return fmt.Sprintf("nobody accepts on %s: process %d holds it, but its child processes do not", name, a.group.PID()), wrapperHint
		}
	}
	return "", ""
}

const wrapperHint = "wrappers such as npm run close the descriptors of the sockets: run the server itself, for example `node server.js`; or write `via: proxy` under the socket, and have it listen on $PORT: `devloop help wrappers`"

// dropsDescriptors tells whether the tool starts its child with only the standard descriptors, as node's
// child_process does by default, and tools written with it.
func dropsDescriptors(wrapper string) bool {
	tool, _, _ := strings.Cut(wrapper, " ")
	return slices.Contains([]string{"npm", "npx", "pnpm", "pnpx", "yarn", "nodemon"}, tool)
}

// others lists what the processes listen on besides the held sockets.
func (a adoption) others(pids []int) ([]string, error) {
	listeners, err := listenfd.ListenersOf(pids)
	var addrs []string
	for _, found := range listeners {
		ours := slices.ContainsFunc(a.ours, func(o listenfd.Listener) bool { return o.Network == found.Network && o.Addr == found.Addr })
		if !ours {
			addrs = append(addrs, found.Addr)
		}
	}
	return addrs, err
}
