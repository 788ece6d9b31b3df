package orchestrator

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"devloop/orchestrator/console"
	"devloop/orchestrator/procgroup"
)

// markPrivate follows the output of a generation behind the proxy for a port that
// is its own: many servers print where they listen, and nobody should open that
// address, which skips the proxy and goes with the generation. A line behind the
// first of them says what to open.
func (c *command) markPrivate(next func(procgroup.Block), say func(text string)) func(procgroup.Block) {
	type place struct {
		digits []byte
		port   *regexp.Regexp
		text   string
	}
	var places []place
	for _, s := range c.sockets {
		if d, proxied := c.doors[s]; proxied && d.port != 0 {
			port := strconv.Itoa(d.port)
			places = append(places, place{
				[]byte(port),
				regexp.MustCompile(`:` + port + `\b`),
				fmt.Sprintf("port %s is private, and another one at each start: open %s", port, s.address()),
			})
		}
	}
	if len(places) == 0 {
		return next
	}
	return func(b procgroup.Block) {
		next(b)
		var left []place
		for _, p := range places {
			// The digits come first: most blocks are passed over at the speed of memory.
			if bytes.Contains(b.Text, p.digits) && p.port.Match(console.Tame(nil, b.Text, false)) {
				say(p.text)
			} else {
				left = append(left, p)
			}
		}
		places = left
	}
}
