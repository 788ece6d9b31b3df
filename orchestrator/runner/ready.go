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
	"devloop/schema"
	"devloop/schema/lazyregexp"
)

// readiness is how a generation becomes ready, and what it says of itself meanwhile.
type readiness struct {
	owner *owner
	build *builder
	mark  func() string // of a check

	node     int
	process  *schema.Process
	grant    *sockets.Grant
	acceptor string // see Generation
	probed   bool   // see Generation
	reached  func() // called by the owner's goroutine when it serves

	ctx       context.Context    // ends when it need not become ready any more
	cancel    context.CancelFunc // ends ctx
	ready     bool               // it has said so, or accepted
	over      bool               // it is gone
	saidReady *latch             // if its ready is a line of its log, or a notification
	lastCheck lastCheck          // why it is not ready yet
	checks    *environ           // the environment of its checks
	file      probe.Mark         // of `ready: {file: …}`, before it was started
	told      selfReport         // what it has said of itself
	occupied  atomic.Bool        // who listens where it is to has been reported
	notify    notifications      // what it can say by itself
}

// prepare makes what a generation needs, and records the state before it starts, so that it is not taken for the
// generation's work. It may have to wait for a disk.
func (r *readiness) prepare() error {
	if ready := r.process.Ready; ready != nil && ready.File != "" {
		r.file = probe.MarkFile(ready.File)
	}
	if r.notify.open != nil {
		if err := r.notify.open(); err != nil {
			return err
		}
	}
	return r.grant.Prepare(r.owner.ctx)
}

// await finds out when a started generation serves, and posts it once. Behind a proxy it does not serve
// before its port accepts, whatever else it says.
func (r *readiness) await(pid int) {
	if !r.probed {
		return // ready when started
	}
	r.checks.set("DEVLOOP_PID", strconv.Itoa(pid))
	wait := r.untilServes()
	ctx := r.ctx
	r.owner.joined.Go(func() {
		addrs, err := r.grant.Dial(ctx, r.lastCheck.noteError, func(by sockets.OccupiedError) {
			r.occupied.Store(true)
			r.owner.advise(r.node, by.Error(), by.Hint())
		})
		if err == nil {
			err = wait(ctx, addrs)
		}
		if err == nil {
			r.owner.post(func() { r.serves(addrs) })
		} else if ctx.Err() == nil {
			r.owner.advise(r.node, "cannot tell when it is ready: "+err.Error(), "")
		}
	})
}

// serves records that the generation serves.
func (r *readiness) serves(addrs sockets.Addrs) {
	if !r.over {
		r.ready = true
		r.owner.troubles(r.node, r.grant.Ready(addrs))
	}
	r.reached()
}

// end stops waiting for the generation to become ready, and closes its notify socket.
func (r *readiness) end() {
	r.over = true
	r.cancel()
	if r.notify.end != nil {
		r.notify.end()
	}
}

// follow reads a process's output for signs of readiness.
func (r *readiness) follow(lines func(procgroup.Block), open func([]byte)) (func(procgroup.Block), func([]byte)) {
	switch ready := r.process.Ready; {
	case ready == nil:
	case ready.Log != nil:
		return readyByLog(r.saidReady, ready.Log, lines), readyByOpenLine(r.saidReady, ready.Log, open)
	case ready.Notify:
		return r.lastCheck.hearComplaint(lines), open
	}
	return lines, open
}

// untilServes is how to wait, in another goroutine, until a generation serves. addrs is where its proxied
// sockets find it.
func (r *readiness) untilServes() func(ctx context.Context, addrs sockets.Addrs) error {
	switch ready := r.process.Ready; {
	case ready == nil:
		if held := r.grant.Named(r.acceptor); held != nil {
			return func(ctx context.Context, _ sockets.Addrs) error {
				r.lastCheck.note("nobody accepts on socket " + r.acceptor)
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
		r.lastCheck.note(unsaid)
		return func(ctx context.Context, _ sockets.Addrs) error {
			r.lastCheck.note(unsaid) // behind a proxy its port came first
			return r.saidReady.wait(ctx)
		}
	case strings.HasPrefix(ready.HTTP, "/"):
		base, schedule := r.grant.BaseURL(), probe.Schedule{Interval: ready.Interval}
		return func(ctx context.Context, addrs sockets.Addrs) error {
			url := base(addrs) + ready.HTTP
			r.lastCheck.note(url + " has not answered")
			return probe.Poll(ctx, r.noting(bounded(func(ctx context.Context) error { return probe.HTTP(ctx, url) })), schedule)
		}
	default:
		check, schedule := r.check(), probe.Schedule{Interval: ready.Interval}
		return func(ctx context.Context, _ sockets.Addrs) error {
			return probe.Poll(ctx, r.noting(check), schedule)
		}
	}
}

// attempt is how long one try of a check may take. On a held socket the request waits in the queue until the
// server accepts, so a patient try gives the exact moment.
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

// lastCheck is why a process is not ready: the result of its last check. A goroutine sets it, and the owner
// reads it.
type lastCheck struct {
	text      atomic.Pointer[string]
	complaint atomic.Pointer[string] // its own reason why it does not notify; nil: none
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

// notSaidReady is why a process with ready: notify is not ready.
const notSaidReady = "it has not said READY=1"

// cannotNotify is what servers write that cannot notify: Puma 5 without its gem, programs whose library
// reports an error.
var cannotNotify = lazyregexp.New(`(?i)\b(sd_?notify|systemd (integration|notif\w+)|NOTIFY_SOCKET)\b.*(fail|error|not |n't|cannot|missing|unable)`)

// hearComplaint looks, in the output of a process with ready: notify, for a line that says why it does not
// notify.
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

// noting records the result of a check, unless it was cut short.
func (r *readiness) noting(check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := check(ctx)
		if err != nil && ctx.Err() == nil {
			r.lastCheck.note(err.Error())
		}
		return err
	}
}

// check is one try of a configured ready.
func (r *readiness) check() func(context.Context) error {
	switch ready := r.process.Ready; {
	case ready.HTTP != "":
		return bounded(func(ctx context.Context) error { return probe.HTTP(ctx, ready.HTTP) })
	case ready.TCP != "":
		return bounded(func(ctx context.Context) error { return probe.TCP(ctx, ready.TCP) })
	case ready.File != "":
		return func(ctx context.Context) error { return r.owner.within(ctx, r.file.Changed) }
	case ready.Exec != nil:
		return r.execCheck(*ready.Exec)
	}
	panic("runner: no check for the `ready` of process " + r.process.Name)
}

// execCheck is one run of a command that says whether the process is ready.
func (r *readiness) execCheck(command schema.Command) func(context.Context) error {
	program, err := r.build.program(command, r.checks)
	spec := procgroup.Spec{Argv: program.argv, Dir: r.process.Dir, Env: r.checks.list(), Output: func(procgroup.Block) {}, Grace: 0, Mark: r.mark(), KeepDaemons: true}
	return bounded(func(ctx context.Context) error {
		if err != nil {
			return err
		}
		return r.owner.runCheck(ctx, spec)
	})
}

// runCheck runs a command that must end with 0.
func (o *owner) runCheck(ctx context.Context, spec procgroup.Spec) error {
	group, err := o.begin(func() (*procgroup.Group, error) { return procgroup.Start(spec) }, ctx.Done())
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

// failure is how a command has failed; nil if it has not.
func failure(exit procgroup.Exit) error {
	switch {
	case exit.Err != nil:
		return exit.Err
	case exit.Signal != "":
		return errors.New(exit.Signal)
	case exit.Code != 0:
		return fmt.Errorf("exit code %d", exit.Code)
	}
	return nil
}

// readyByLog looks for the line that says the process serves, on its way to the console.
func readyByLog(told *latch, line *regexp.Regexp, next func(procgroup.Block)) func(procgroup.Block) {
	found := false
	return func(b procgroup.Block) {
		next(b)
		if found {
			return
		}
		// Without colours and other escape codes, which a server writes that believes to have a terminal.
		for one := range bytes.Lines(console.Sanitize(nil, b.Text, false)) {
			if found = line.Match(bytes.TrimSuffix(one, []byte("\n"))); found {
				told.set()
				return
			}
		}
	}
}

// readyByOpenLine is readyByLog for an unfinished line, such as the prompt of a shell.
func readyByOpenLine(told *latch, line *regexp.Regexp, next func([]byte)) func([]byte) {
	return func(text []byte) {
		next(text)
		if line.Match(bytes.TrimSuffix(console.Sanitize(nil, text, false), []byte("\n"))) {
			told.set()
		}
	}
}
