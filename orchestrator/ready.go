package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// readyEvent says that a generation serves, and where its proxied sockets find
// it.
type readyEvent struct {
	node, gen int
	addrs     sockets.Addrs
}

// awaitReady finds out when a generation that has been started serves, and
// posts it once. Behind a proxy it does not serve before its port accepts,
// whatever else it says.
func (l *loop) awaitReady(c *command) {
	p := c.process
	if !probed(l.cfg, p) {
		return // ready when started
	}
	c.checks.set("DEVLOOP_PID", strconv.Itoa(c.group.PID()))
	wait := l.untilServes(c, p)
	ctx := c.ctx
	l.goroutine(func() {
		addrs, err := c.grant.Dial(ctx, c.lacks.noteError, func(by sockets.OccupiedError) {
			l.post(adviceEvent{node: c.key.node, text: by.Error(), hint: by.Hint()})
		})
		if err == nil {
			err = wait(ctx, addrs)
		}
		if err == nil {
			l.post(readyEvent{c.key.node, c.key.num, addrs})
		} else if ctx.Err() == nil {
			l.post(adviceEvent{node: c.key.node, text: "cannot tell when it is ready: " + err.Error()})
		}
	})
}

// untilServes is how to wait until a generation serves, for a goroutine of its
// own. addrs is where its proxied sockets find it.
func (l *loop) untilServes(c *command, p *schema.Process) func(ctx context.Context, addrs sockets.Addrs) error {
	switch r := p.Ready; {
	case r == nil:
		if socket := acceptor(l.cfg, p); socket != nil && c.grant.Named(socket.Name) != nil {
			held := c.grant.Named(socket.Name)
			return func(ctx context.Context, _ sockets.Addrs) error {
				c.lacks.note("nobody accepts on the socket " + socket.Name)
				return held.WaitAccept(ctx)
			}
		}
		// Behind a proxy, it is enough that its ports accept.
		return func(context.Context, sockets.Addrs) error { return nil }
	case r.Log != nil, r.Notify:
		lacks := notSaidReady
		if r.Log != nil {
			lacks = "no line of its output matches " + strconv.Quote(r.Log.String())
		}
		c.lacks.note(lacks)
		return func(ctx context.Context, _ sockets.Addrs) error {
			c.lacks.note(lacks) // behind a proxy its port came first
			return c.told.wait(ctx)
		}
	case strings.HasPrefix(r.HTTP, "/"):
		base, schedule := c.grant.BaseURL(), probe.Schedule{Interval: r.Interval}
		return func(ctx context.Context, addrs sockets.Addrs) error {
			url := base(addrs) + r.HTTP
			c.lacks.note(url + " has not answered")
			return probe.Poll(ctx, c.noting(bounded(func(ctx context.Context) error { return probe.HTTP(ctx, url) })), schedule)
		}
	default:
		check, schedule := l.check(r, p, c), probe.Schedule{Interval: r.Interval}
		return func(ctx context.Context, _ sockets.Addrs) error {
			return probe.Poll(ctx, c.noting(check), schedule)
		}
	}
}

// attempt is how long one try of a check may take. Against a held socket the
// request waits in the queue until the server accepts, so that a patient try
// gives the exact moment.
const attempt = 5 * time.Second

func bounded(try func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, attempt)
		defer cancel()
		err := try(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: it took longer than %v", err, attempt)
		}
		return err
	}
}

// lack is what a process lacks that is not ready: what the last check of it has
// found. A goroutine notes it, and the loop tells it.
type lack struct {
	text      atomic.Pointer[string]
	complaint atomic.Pointer[string] // of its own, why it does not notify; nil: none
}

func (l *lack) note(text string) { l.text.Store(&text) }

func (l *lack) noteError(err error) { l.note(err.Error()) }

// String is one line, or empty.
func (l *lack) String() string {
	text := l.text.Load()
	if text == nil {
		return ""
	}
	if complaint := l.complaint.Load(); complaint != nil {
		return oneLine(*text) + ", and wrote: " + *complaint
	}
	return oneLine(*text)
}

// notSaidReady is what a process lacks that is to notify.
const notSaidReady = "it has not said READY=1"

// cannotNotify is what servers write that were asked to notify and cannot: Puma 5
// without its gem, programs whose library reports an error.
var cannotNotify = regexp.MustCompile(`(?i)\b(sd_?notify|systemd (integration|notif\w+)|NOTIFY_SOCKET)\b.*(fail|error|not |n't|cannot|missing|unable)`)

// hearComplaint follows the output of a process that is to notify for a line that
// says why it does not.
func (l *lack) hearComplaint(next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		next(b)
		if l.complaint.Load() != nil || !bytes.Contains(bytes.ToLower(b.Text), []byte("notify")) && !bytes.Contains(bytes.ToLower(b.Text), []byte("systemd")) {
			return
		}
		for line := range bytes.Lines(console.Tame(nil, b.Text, false)) {
			if cannotNotify.Match(line) {
				text := string(bytes.TrimSpace(line))
				l.complaint.Store(&text)
				return
			}
		}
	}
}

// noting keeps what a check has found, unless it was cut short.
func (c *command) noting(check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := check(ctx)
		if err != nil && ctx.Err() == nil {
			c.lacks.note(err.Error())
		}
		return err
	}
}

// check is one try of a configured ready.
func (l *loop) check(r *schema.Ready, p *schema.Process, c *command) func(context.Context) error {
	switch {
	case r.HTTP != "":
		return bounded(func(ctx context.Context) error { return probe.HTTP(ctx, r.HTTP) })
	case r.TCP != "":
		return bounded(func(ctx context.Context) error { return probe.TCP(ctx, r.TCP) })
	case r.File != "":
		return func(context.Context) error { return c.readyFile.Changed() }
	}
	program, err := l.program(*r.Exec, c.checks)
	spec := procgroup.Spec{Argv: program.argv, Dir: p.Dir, Env: c.checks.list(), Output: func(procgroup.Block) {}, Grace: 0, Mark: l.guard.next(), KeepDaemons: true}
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

// readyByLog looks for the line that says the process serves, on its way to
// the console.
func readyByLog(told *signal, line *regexp.Regexp, next func(procgroup.Block)) func(procgroup.Block) {
	found := false
	return func(b procgroup.Block) {
		next(b)
		if found {
			return
		}
		// As it would be read on a screen without colours: a server that believes
		// to have a terminal puts escape codes before its words.
		for one := range bytes.Lines(console.Tame(nil, b.Text, false)) {
			if found = line.Match(bytes.TrimSuffix(one, []byte("\n"))); found {
				told.give()
				return
			}
		}
	}
}

// readyByOpenLine is readyByLog for a line that is not finished, such as the
// prompt of a shell.
func readyByOpenLine(told *signal, line *regexp.Regexp, next func([]byte)) func([]byte) {
	return func(text []byte) {
		next(text)
		if line.Match(bytes.TrimSuffix(console.Tame(nil, text, false), []byte("\n"))) {
			told.give()
		}
	}
}

// adviceEvent is something people should know about a node.
type adviceEvent struct {
	node int
	text string
	hint string
}

// adoptionCheck is how long a process with sockets has before somebody looks
// whether it uses them. That costs a walk through /proc, so it is done once.
const adoptionCheck = 3 * time.Second

// adoptionDue says that it is time to look. late is when it should have been ready:
// before, one that holds its socket and does not accept yet has only not come so
// far.
type adoptionDue struct {
	key  commandKey
	late bool
}

// watchOver looks, some time after the start, whether a process really uses
// the sockets that it was given: wrappers lose descriptors, and servers that
// know nothing of the protocol bind a port of their own.
func (l *loop) watchOver(c *command) {
	if c.grant.Empty() {
		return
	}
	done, key := c.group.Done(), c.key
	late := defaultReadyTimeout
	if r := c.process.Ready; r != nil {
		late = r.Timeout
	}
	l.goroutine(func() {
		first, last := time.NewTimer(adoptionCheck), time.NewTimer(max(late, adoptionCheck))
		defer first.Stop()
		defer last.Stop()
		for range 2 {
			select {
			case <-first.C:
				l.post(adoptionDue{key, late <= adoptionCheck})
			case <-last.C:
				l.post(adoptionDue{key, true})
				return
			case <-done:
				return
			case <-l.ctx.Done():
				return
			}
		}
	})
}

// checkAdoption looks beside the loop, since /proc may be long.
func (l *loop) checkAdoption(key commandKey, late bool) {
	c := l.live[key]
	if c == nil || late && (c.ready || c.advised) {
		return
	}
	given := gift{group: c.group, unready: probed(l.cfg, c.process) && !c.ready, late: late}
	for _, s := range c.grant.Lent() {
		one := lent{s.Socket, s.Name, s.Address(), s.Proxied, s.PrivatePort, s.FD, false}
		if given.unready && !s.Proxied {
			// Not to be ready yet may have other reasons than that nobody
			// accepts, if it is told by something else than an accept.
			waiting, _, err := s.Queue()
			one.idle = c.process.Ready == nil || err == nil && waiting > 0
		}
		given.sockets = append(given.sockets, one)
	}
	for _, s := range l.sockets.All() {
		given.ours = append(given.ours, listenfd.Listener{Network: s.Network(), Addr: s.Addr()})
	}
	l.goroutine(func() {
		if text, hint := given.adoption(); text != "" {
			l.post(adoptionAdvice{key, adviceEvent{key.node, text, hint}})
		}
	})
}

// adoptionAdvice is what is wrong with the way a generation treats its sockets.
type adoptionAdvice struct {
	key commandKey
	adviceEvent
}

// gift is what a process was given, for a look at what it makes of that.
type gift struct {
	group   *procgroup.Group
	sockets []lent
	unready bool
	late    bool // and it should be by now
	ours    []listenfd.Listener
}

type lent struct {
	*listenfd.Socket
	name, address string
	proxied       bool
	port          int  // its private port, if proxied; 0: a fixed address
	fd            int  // its descriptor, if not
	idle          bool // nobody accepts on it, if it is not proxied
}

// missed tells whether a server that listens on these addresses, and is not
// ready, has missed its private port.
func (s lent) missed(addrs []string) bool {
	if s.port == 0 || len(addrs) == 0 {
		return false
	}
	return !slices.ContainsFunc(addrs, func(addr string) bool {
		_, port, err := net.SplitHostPort(addr)
		return err == nil && port == strconv.Itoa(s.port)
	})
}

// adoption says what is wrong with the way a process treats its sockets.
func (g gift) adoption() (text, hint string) {
	pids, err := g.group.Members()
	if err != nil || len(pids) == 0 {
		return "", "" // this system does not tell, or it is gone
	}
	strangers, err := g.strangers(pids)
	if err != nil {
		return "", ""
	}
	elsewhere := strings.Join(strangers, ", ")
	for _, s := range g.sockets {
		if s.proxied {
			if g.unready && s.missed(strangers) {
				return fmt.Sprintf("listens on %s, and not on port %d that the socket %s is forwarded to", elsewhere, s.port, s.name),
					"make it listen on $PORT, or say under the socket where it listens: `to: ADDRESS`"
			}
			continue
		}
		holding, err := s.HeldBy(pids)
		if err != nil {
			return "", ""
		}
		name := fmt.Sprintf("the socket %s (%s)", s.name, s.address)
		hint = fmt.Sprintf("make it listen on file descriptor %d: docs/sockets.md has the line for each language", s.fd)
		switch {
		case len(holding) == 0 && elsewhere != "":
			return fmt.Sprintf("listens on %s, and does not hold %s that it was given", elsewhere, name), hint
		case len(holding) == 0:
			return fmt.Sprintf("does not hold %s that it was given", name), hint
		case s.idle && elsewhere != "":
			return fmt.Sprintf("listens on %s, and not on %s that it was given", elsewhere, name), hint
		case g.late && s.idle && len(holding) < len(pids) && slices.Contains(holding, g.group.PID()):
			return fmt.Sprintf("nobody accepts on %s: process %d holds it, but what that started does not", name, g.group.PID()), wrapperHint
		}
	}
	return "", ""
}

const wrapperHint = "wrappers such as npm run close the descriptors that a server needs: run the server itself, for example `node server.js`"

// lostByWrapper gives the likely reason when a process that was to take a
// socket ended before it ever did, behind a tool that is known to start it as
// a child.
func (l *loop) lostByWrapper(c *command) {
	if c.wrapper == "" || c.ready || c.stop || c.kill || c.grant.Empty() || !dropsDescriptors(c.wrapper) {
		return
	}
	l.advise(adviceEvent{c.key.node, fmt.Sprintf("it may never have got its sockets: %s does not hand descriptors on", c.wrapper), wrapperHint})
}

// dropsDescriptors tells whether the tool starts its child with the standard
// descriptors alone: node's child_process does, unless it is told otherwise,
// and so do the tools that are written with it.
func dropsDescriptors(wrapper string) bool {
	tool, _, _ := strings.Cut(wrapper, " ")
	return slices.Contains([]string{"npm", "npx", "pnpm", "pnpx", "yarn", "nodemon"}, tool)
}

// strangers names what the processes listen on besides the held sockets.
func (g gift) strangers(pids []int) ([]string, error) {
	listeners, err := listenfd.ListenersOf(pids)
	var addrs []string
	for _, found := range listeners {
		ours := slices.ContainsFunc(g.ours, func(o listenfd.Listener) bool { return o.Network == found.Network && o.Addr == found.Addr })
		if !ours {
			addrs = append(addrs, found.Addr)
		}
	}
	return addrs, err
}
