package sockets

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"devloop/orchestrator/console"
)

// MarkPrivate follows the output of a generation behind the proxy for a port that
// is its own: many servers print where they listen, and nobody should open that
// address, which skips the proxy and goes with the generation. What it returns is
// called with whole lines, after they were shown; say is called behind the first
// that has such a port, once a socket, and tells what to open. Nil: there is nothing
// to look for.
func (g *Grant) MarkPrivate(say func(text string)) func(lines []byte) {
	type place struct {
		held   *Held
		digits []byte
		port   *regexp.Regexp
		text   string
	}
	var places []place
	for _, h := range g.sockets {
		if e, proxied := g.endpoints[h]; proxied && e.port != 0 && !h.marked.Load() {
			port := strconv.Itoa(e.port)
			places = append(places, place{
				h,
				[]byte(port),
				regexp.MustCompile(`:` + port + `\b`),
				fmt.Sprintf("port %s is private and changes at each start; open %s", port, h.Address()),
			})
		}
	}
	if len(places) == 0 {
		return nil
	}
	return func(lines []byte) {
		var left []place
		for _, p := range places {
			// The digits come first: most blocks are passed over at the speed of memory.
			if bytes.Contains(lines, p.digits) && p.port.Match(console.Sanitize(nil, lines, false)) {
				if p.held.marked.CompareAndSwap(false, true) {
					say(p.text)
				}
			} else {
				left = append(left, p)
			}
		}
		places = left
	}
}
