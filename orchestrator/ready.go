package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/procgroup"
	"devloop/schema"
)

// readyEvent says that a generation serves.
type readyEvent struct{ node, gen int }

// awaitReady finds out when a generation serves, and posts it once.
func (l *loop) awaitReady(ctx context.Context, key commandKey, p *schema.Process, e *environ) {
	since := time.Now()
	var wait func(context.Context) error
	switch r := p.Ready; {
	case r == nil:
		socket := acceptor(l.cfg, p)
		if socket == nil {
			return // ready when started
		}
		wait = l.socket(socket.Name).WaitAccept
	case r.Log != nil:
		return // see readyByLog
	default:
		check := l.check(r, p, e, since)
		wait = func(ctx context.Context) error {
			return probe.Poll(ctx, check, probe.Schedule{Interval: r.Interval})
		}
	}
	l.goroutine(func() {
		if err := wait(ctx); err == nil {
			l.post(readyEvent{key.node, key.num})
		} else if ctx.Err() == nil {
			l.post(adviceEvent{node: key.node, text: "cannot tell when it is ready: " + err.Error()})
		}
	})
}

// attempt is how long one try of a check may take. Against a held socket the
// request waits in the queue until the server accepts, so that a patient try
// gives the exact moment.
const attempt = 5 * time.Second

// check is one try of a configured ready.
func (l *loop) check(r *schema.Ready, p *schema.Process, e *environ, since time.Time) func(context.Context) error {
	bounded := func(try func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			return try(ctx)
		}
	}
	switch {
	case r.HTTP != "":
		url := r.HTTP
		if strings.HasPrefix(url, "/") {
			url = l.baseURL(p) + url
		}
		return bounded(func(ctx context.Context) error { return probe.HTTP(ctx, url) })
	case r.TCP != "":
		return bounded(func(ctx context.Context) error { return probe.TCP(ctx, r.TCP) })
	case r.File != "":
		return func(context.Context) error { return probe.File(r.File, since) }
	}
	argv, _, err := l.argv(*r.Exec, e)
	spec := procgroup.Spec{Argv: argv, Dir: p.Dir, Env: e.list(), Output: func(procgroup.Block) {}, Grace: 0}
	return bounded(func(ctx context.Context) error {
		if err != nil {
			return err
		}
		return runCheck(ctx, spec)
	})
}

// runCheck runs a command that must end with 0.
func runCheck(ctx context.Context, spec procgroup.Spec) error {
	group, err := procgroup.Start(spec)
	if err != nil {
		return err
	}
	select {
	case <-group.Done():
	case <-ctx.Done():
		group.Kill()
		<-group.Done()
		return ctx.Err()
	}
	if x := endOf(group.Exit()); !x.OK() {
		return errors.New(x.String())
	}
	return nil
}

// baseURL is the URL of the process's first http socket.
func (l *loop) baseURL(p *schema.Process) string {
	for _, ref := range p.Sockets {
		if s := l.socket(ref.Name); s.cfg.Listen.Type == schema.HTTP || s.cfg.Listen.Type == schema.HTTPS {
			return s.url()
		}
	}
	return ""
}

// readyByLog looks for the line that says the process serves, on its way to
// the console.
func (l *loop) readyByLog(key commandKey, line *regexp.Regexp, next func(procgroup.Block)) func(procgroup.Block) {
	found := false
	return func(b procgroup.Block) {
		next(b)
		for text := b.Text; !found && len(text) > 0; {
			one := text
			if i := bytes.IndexByte(text, '\n'); i >= 0 {
				one, text = text[:i], text[i+1:]
			} else {
				text = nil
			}
			if found = line.Match(one); found {
				// Not from here: the loop may be waiting for this very output
				// to be taken.
				l.goroutine(func() { l.post(readyEvent{key.node, key.num}) })
			}
		}
	}
}

// adviceEvent is something people should know about a node.
type adviceEvent struct {
	node int
	text string
	hint string
}

// How long a process with sockets has before somebody looks whether it holds
// them. It costs a walk through /proc, so it is done once.
const adoptionCheck = 3 * time.Second

// watchOver looks, some time after the start, whether a process really uses
// the sockets that it was given: wrappers lose descriptors, and servers that
// know nothing of the protocol bind a port of their own.
func (l *loop) watchOver(c *command) {
	p := l.graph.Nodes[c.key.node].Process
	if len(p.Sockets) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(l.ctx)
	outer := c.cancel
	c.cancel = func() { outer(); cancel() }
	group, node := c.group, c.key.node
	l.goroutine(func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(adoptionCheck):
		}
		if text, hint := l.adoption(p, group); text != "" && ctx.Err() == nil {
			l.post(adviceEvent{node, text, hint})
		}
	})
}

// adoption says what is wrong with the way a process treats its sockets.
func (l *loop) adoption(p *schema.Process, group *procgroup.Group) (text, hint string) {
	pids, err := group.Members()
	if err != nil || len(pids) == 0 {
		return "", "" // this system does not tell
	}
	own, err := l.strangers(pids)
	if err != nil {
		return "", ""
	}
	for i, ref := range p.Sockets {
		s := l.socket(ref.Name)
		holding, err := s.HeldBy(pids)
		if err != nil {
			return "", ""
		}
		waiting, _, queueErr := s.Queue()
		switch {
		case len(holding) == 0:
			text = fmt.Sprintf("does not hold the socket %s (%s) that it was given", ref.Name, s.address())
			hint = fmt.Sprintf("make it listen on file descriptor %d (see docs/sockets.md)", 3+i)
		case queueErr == nil && waiting > 0 && own != "":
			text = fmt.Sprintf("listens on %s, and not on the socket %s (%s) that it was given", own, ref.Name, s.address())
			hint = fmt.Sprintf("make it listen on file descriptor %d (see docs/sockets.md)", 3+i)
		case queueErr == nil && waiting > 0 && len(holding) < len(pids) && holding[0] == group.PID():
			text = fmt.Sprintf("nobody accepts on the socket %s (%s): process %d holds it, but what it started does not", ref.Name, s.address(), group.PID())
			hint = "a wrapper such as npm run closes descriptors: run the server itself, for example node server.js"
		default:
			continue
		}
		if own != "" && len(holding) == 0 {
			text += "; it listens on " + own
		}
		return text, hint
	}
	return "", ""
}

// strangers names what the processes listen on besides the held sockets.
func (l *loop) strangers(pids []int) (string, error) {
	listeners, err := listenfd.ListenersOf(pids)
	var addrs []string
	for _, found := range listeners {
		ours := slices.ContainsFunc(l.sockets, func(s *heldSocket) bool {
			return s.Network() == found.Network && s.Addr() == found.Addr
		})
		if !ours {
			addrs = append(addrs, found.Addr)
		}
	}
	return strings.Join(addrs, ", "), err
}
