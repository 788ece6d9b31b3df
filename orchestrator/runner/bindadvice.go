package runner

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"devloop/orchestrator/listenfd"
	"devloop/schema/lazyregexp"
)

// inUse is how programs report EADDRINUSE: in the system's words, by its name, or as Rust, Java and Windows
// do.
var inUse = lazyregexp.New(`(?i)address already in use|EADDRINUSE|AddrInUse|address in use|port \d+ (?:was|is) already in use|only one usage of each socket address|connection in use`)

// portNumber is a port on such a line: behind a colon, or the word.
var portNumber = lazyregexp.New(`(?i)(?::|\bport\s*:?\s*)(\d{2,5})\b`)

// complaintTail is how much of the last output is searched, in bytes.
const complaintTail = 64 << 10

// portsInUse are the ports that output reports as in use; said is whether it reports any.
func portsInUse(output []byte) (ports []int, said bool) {
	for line := range bytes.Lines(output) {
		if !inUse.Match(line) {
			continue
		}
		said = true
		for _, match := range portNumber.FindAllSubmatch(line, -1) {
			if port, err := strconv.Atoi(string(match[1])); err == nil && port >= 60 { // a smaller one is part of a time of day
				ports = append(ports, port)
			}
		}
	}
	return ports, said
}

// portTaken finds out which program has the port that a process could not bind, and how to end that; "" if none but
// devloop has it. It walks through all processes, and may be called by any goroutine.
func (a *adoptions) portTaken(c *Command) (text, hint string) {
	ports, said := portsInUse(a.journal.Tail(c.name, c.Key.Num, complaintTail))
	if said && len(ports) == 0 {
		ports = fixedPorts(c)
	}
	for _, port := range ports {
		if h := listenfd.HolderOf(port); h.PID != os.Getpid() && h.String() != "" {
			if hint = "stop it, or use another port"; h.PID != 0 {
				hint = fmt.Sprintf("stop it (kill %d), or use another port", h.PID)
			}
			return fmt.Sprintf("port %d is in use by %s", port, h), hint
		}
	}
	return "", ""
}

// fixedPorts are those on which a process is to listen: what it says without a number is probably about one of them.
func fixedPorts(c *Command) (ports []int) {
	for _, s := range c.grant.Sockets() {
		if _, text, err := net.SplitHostPort(s.To); err == nil {
			if port, err := strconv.Atoi(text); err == nil {
				ports = append(ports, port)
			}
		}
	}
	return ports
}

// boundItself gives the likely reason why a process ended because an address is in use that devloop holds.
func (a *adoptions) boundItself(c *Command) {
	ports, said := portsInUse(a.journal.Tail(c.name, c.Key.Num, complaintTail))
	if !said {
		return
	}
	for _, s := range c.grant.Sockets() {
		if s.Network() == listenfd.Unix || (len(ports) > 0 || s.To != "") && !slices.Contains(ports, s.Port()) {
			continue
		}
		text := fmt.Sprintf("it tries to bind %s, which devloop already holds for it", s.Addr())
		hint := fmt.Sprintf("use file descriptor %d instead of binding: `devloop help sockets` has the line for each language; or, for a server that must bind: "+
			"`%s: {listen: PORT, via: proxy, to: %s}` with another PORT", s.FD, s.Name, s.Addr())
		switch {
		case s.To != "":
			hint = fmt.Sprintf("make it listen on %s, to which devloop forwards, as `to` says", s.To)
		case s.Proxied:
			hint = fmt.Sprintf("make it listen on $PORT (%d this time), which devloop forwards to; or let devloop listen on another port, and write `to: %s` under the socket", s.PrivatePort, s.Addr())
		}
		a.owner.advice(c.Key.Node, text, hint)
		return
	}
}
