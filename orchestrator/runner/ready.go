package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/probe"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/sockets"
)

// awaitReady finds out when a generation that has been started serves, and
// posts it once. Behind a proxy it does not serve before its port accepts,
// whatever else it says.
func (r *Runner) awaitReady(c *Command) {
	if !c.probed {
		return // ready when started
	}
	c.checks.set("DEVLOOP_PID", strconv.Itoa(c.group.PID()))
	wait := r.untilServes(c)
	ctx := c.ctx
	r.joined.Go(func() {
		addrs, err := c.grant.Dial(ctx, c.lastCheck.noteError, func(by sockets.OccupiedError) { r.advise(c.Key.Node, by.Error(), by.Hint()) })
		if err == nil {
			err = wait(ctx, addrs)
		}
		if err == nil {
			r.post(func() { r.serves(c.Key, addrs) })
		} else if ctx.Err() == nil {
			r.advise(c.Key.Node, "cannot tell when it is ready: "+err.Error(), "")
		}
	})
}

// serves notes that a generation does.
func (r *Runner) serves(key Key, addrs sockets.Addrs) {
	if c := r.live[key]; c != nil {
		c.ready = true
		r.troubles(key.Node, c.grant.Ready(addrs))
	}
	r.opt.Ready(key)
}

// untilServes is how to wait until a generation serves, for a goroutine of its
// own. addrs is where its proxied sockets find it.
func (r *Runner) untilServes(c *Command) func(ctx context.Context, addrs sockets.Addrs) error {
	switch ready := c.process.Ready; {
	case ready == nil:
		if held := c.grant.Named(c.acceptor); held != nil {
			return func(ctx context.Context, _ sockets.Addrs) error {
				c.lastCheck.note("nobody accepts on the socket " + c.acceptor)
				return held.WaitAccept(ctx)
			}
		}
		// Behind a proxy, it is enough that its ports accept.
		return func(context.Context, sockets.Addrs) error { return nil }
	case ready.Log != nil, ready.Notify:
		unsaid := notSaidReady
		if ready.Log != nil {
			unsaid = "no line of its output matches " + strconv.Quote(ready.Log.String())
		}
		c.lastCheck.note(unsaid)
		return func(ctx context.Context, _ sockets.Addrs) error {
			c.lastCheck.note(unsaid) // behind a proxy its port came first
			return c.told.wait(ctx)
		}
	case strings.HasPrefix(ready.HTTP, "/"):
		base, schedule := c.grant.BaseURL(), probe.Schedule{Interval: ready.Interval}
		return func(ctx context.Context, addrs sockets.Addrs) error {
			url := base(addrs) + ready.HTTP
			c.lastCheck.note(url + " has not answered")
			return probe.Poll(ctx, c.noting(bounded(func(ctx context.Context) error { return probe.HTTP(ctx, url) })), schedule)
		}
	default:
		check, schedule := r.check(c), probe.Schedule{Interval: ready.Interval}
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

// lastCheck is why a process is not ready: what the last check of it has found. A
// goroutine notes it, and the owner tells it.
type lastCheck struct {
	text      atomic.Pointer[string]
	complaint atomic.Pointer[string] // of its own, why it does not notify; nil: none
}

func (l *lastCheck) note(text string) { l.text.Store(&text) }

func (l *lastCheck) noteError(err error) { l.note(err.Error()) }

// String is one line, or empty.
func (l *lastCheck) String() string {
	text := l.text.Load()
	if text == nil {
		return ""
	}
	line, _, _ := strings.Cut(*text, "\n")
	if complaint := l.complaint.Load(); complaint != nil {
		return line + ", and wrote: " + *complaint
	}
	return line
}

// notSaidReady is why a process is not ready that is to notify.
const notSaidReady = "it has not said READY=1"

// cannotNotify is what servers write that were asked to notify and cannot: Puma 5
// without its gem, programs whose library reports an error.
var cannotNotify = regexp.MustCompile(`(?i)\b(sd_?notify|systemd (integration|notif\w+)|NOTIFY_SOCKET)\b.*(fail|error|not |n't|cannot|missing|unable)`)

// hearComplaint follows the output of a process that is to notify for a line that
// says why it does not.
func (l *lastCheck) hearComplaint(next func(procgroup.Block)) func(procgroup.Block) {
	return func(b procgroup.Block) {
		next(b)
		if l.complaint.Load() != nil || !bytes.Contains(bytes.ToLower(b.Text), []byte("notify")) && !bytes.Contains(bytes.ToLower(b.Text), []byte("systemd")) {
			return
		}
		for line := range bytes.Lines(console.Sanitize(nil, b.Text, false)) {
			if cannotNotify.Match(line) {
				text := string(bytes.TrimSpace(line))
				l.complaint.Store(&text)
				return
			}
		}
	}
}

// noting keeps what a check has found, unless it was cut short.
func (c *Command) noting(check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := check(ctx)
		if err != nil && ctx.Err() == nil {
			c.lastCheck.note(err.Error())
		}
		return err
	}
}

// check is one try of a configured ready.
func (r *Runner) check(c *Command) func(context.Context) error {
	switch ready := c.process.Ready; {
	case ready.HTTP != "":
		return bounded(func(ctx context.Context) error { return probe.HTTP(ctx, ready.HTTP) })
	case ready.TCP != "":
		return bounded(func(ctx context.Context) error { return probe.TCP(ctx, ready.TCP) })
	case ready.File != "":
		return func(context.Context) error { return c.readyFile.Changed() }
	}
	program, err := r.program(*c.process.Ready.Exec, c.checks)
	spec := procgroup.Spec{Argv: program.argv, Dir: c.process.Dir, Env: c.checks.list(), Output: func(procgroup.Block) {}, Grace: 0, Mark: r.guard.next(), KeepDaemons: true}
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
	return failure(group.Exit())
}

// readyByLog looks for the line that says the process serves, on its way to
// the console.
func readyByLog(told *latch, line *regexp.Regexp, next func(procgroup.Block)) func(procgroup.Block) {
	found := false
	return func(b procgroup.Block) {
		next(b)
		if found {
			return
		}
		// As it would be read on a screen without colours: a server that believes
		// to have a terminal puts escape codes before its words.
		for one := range bytes.Lines(console.Sanitize(nil, b.Text, false)) {
			if found = line.Match(bytes.TrimSuffix(one, []byte("\n"))); found {
				told.set()
				return
			}
		}
	}
}

// readyByOpenLine is readyByLog for a line that is not finished, such as the
// prompt of a shell.
func readyByOpenLine(told *latch, line *regexp.Regexp, next func([]byte)) func([]byte) {
	return func(text []byte) {
		next(text)
		if line.Match(bytes.TrimSuffix(console.Sanitize(nil, text, false), []byte("\n"))) {
			told.set()
		}
	}
}
