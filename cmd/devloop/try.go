package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/listenfd/shim"
)

// How long a trial waits: for the first page, which may need a whole build; for the
// answer of a server that is ready; for what runs beside the server; and for the end.
const (
	pageWithin   = 15 * time.Minute
	answerWithin = 10 * time.Second
	besideWithin = 2 * time.Minute
	endWithin    = 30 * time.Second
)

// tryProject runs the loop of the configuration once: the first page of each server,
// one save, what runs beside; and says what it saw. It leaves every file as it was.
func tryProject(a *app) error {
	p, err := a.load()
	if err != nil {
		return err
	}
	config := shorter(p.cfg.File)
	if who := control.Running(config); who != nil {
		return runError{who}
	}
	ctx, stop := signal.NotifyContext(context.Background(), heeded(endSignals)...)
	defer stop()
	t := &trial{app: a, project: p, config: config}
	defer t.close()
	fmt.Fprintf(a.stdout, "trying %s: its loop runs until a page has come and a save is live; Ctrl-C ends it\n", config)
	if err := t.start(ctx); err != nil {
		return err
	}
	ok := t.run(ctx)
	ended := t.end()
	if ctx.Err() == nil {
		t.hints()
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(a.stdout, "interrupted: the loop is stopped, and every file is as it was")
		return exitCode(exitInterrupted)
	case ended != nil:
		return runError{ended}
	case !ok:
		fmt.Fprintf(a.stdout, "everything that the loop said: %s\nnext: fix that, then `devloop init --try` again; or `devloop`, and save the fix while it runs\n", t.log.Name())
		return exitCode(exitFailed)
	}
	fmt.Fprintf(a.stdout, "next: `devloop`, and leave it running while you work\n")
	t.dropLog = true
	return nil
}

// trial is one run of the loop in a child.
type trial struct {
	*app
	project *project
	config  string

	log     *os.File // the child's screen
	dropLog bool
	child   *exec.Cmd
	ended   chan struct{} // closed when the child has ended
	began   time.Time
	client  *control.Client
	follow  context.CancelFunc
	events  chan trialEvent // what the loop does; closed when nobody tells any more
	saved   *appended       // nil unless a source is not as it was
}

// trialEvent is as much of an event as a trial reads.
type trialEvent struct {
	Kind string    `json:"kind"`
	Node string    `json:"node"`
	Time time.Time `json:"time"`
}

// start starts the loop, and returns when it answers. A loop that could not start has
// said why.
func (t *trial) start(ctx context.Context) (err error) {
	if t.log, err = os.CreateTemp("", "devloop-try-*.log"); err != nil {
		return runError{fmt.Errorf("write the log of the trial: %w", err)}
	}
	// The loop ends by itself when nobody reads its screen any more: the pipe is this
	// process's, however it ends. Ctrl-C means this process alone.
	t.child = &exec.Cmd{Path: shim.Self(), Stdout: noted{t.log}, SysProcAttr: ownSession(), WaitDelay: time.Second}
	t.child.Stderr = t.child.Stdout
	t.child.Args = []string{os.Args[0], "--file", t.config, "--color", "never", "up"}
	t.began = time.Now()
	if err := t.child.Start(); err != nil {
		return runError{fmt.Errorf("start the loop: %w", err)}
	}
	t.ended = make(chan struct{})
	go func() {
		defer close(t.ended)
		_ = t.child.Wait() // ProcessState has it all
	}()
	look := time.NewTicker(10 * time.Millisecond) // a socket tells nobody that it is there
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if answers(t.config, t.child.Process.Pid) {
				return t.connect(ctx)
			}
		case <-t.ended:
			t.dropLog = true
			return failedDetached(t.stderr, t.log, t.child.ProcessState)
		case <-ctx.Done():
			return exitCode(exitInterrupted)
		}
	}
}

func (t *trial) connect(ctx context.Context) (err error) {
	if t.client, err = control.Dial(t.config); err != nil {
		return runError{err}
	}
	const many = 4096 // of them more than a save leads to
	t.events = make(chan trialEvent, many)
	ctx, t.follow = context.WithCancel(ctx)
	go func() {
		defer close(t.events)
		_ = t.client.Events(ctx, control.EventQuery{}, func(line json.RawMessage) error { // whoever misses them measures less exactly
			var e trialEvent
			if json.Unmarshal(line, &e) == nil {
				select {
				case t.events <- e:
				default:
				}
			}
			return nil
		})
	}()
	return nil
}

// run is the trial itself. It reports whether page and save came.
func (t *trial) run(ctx context.Context) bool {
	status, err := t.client.Status(ctx)
	if err != nil {
		t.printf("the loop does not answer: %v", err)
		return false
	}
	servers := t.servers(status)
	if len(servers) == 0 {
		t.printf("no process has a socket: there is no page to wait for")
		return t.verdict(ctx)
	}
	for _, s := range servers {
		if !t.firstPage(ctx, s) {
			return false
		}
	}
	return t.oneSave(ctx, servers) && t.beside(ctx, servers)
}

// trialServer is a process whose page is looked at.
type trialServer struct{ node, url string }

// servers are the processes that start by themselves and have an address for a
// browser.
func (t *trial) servers(status *control.Status) (all []trialServer) {
	for _, s := range status.Sockets {
		for _, node := range s.Nodes {
			n := t.project.graph.Index(node)
			known := slices.ContainsFunc(all, func(other trialServer) bool { return other.node == node })
			if n >= 0 && !known && strings.HasPrefix(s.Address, "http") && t.project.graph.Nodes[n].Process.Start {
				all = append(all, trialServer{node, s.Address})
			}
		}
	}
	return all
}

// firstPage waits until a server answers, or cannot.
func (t *trial) firstPage(ctx context.Context, s trialServer) bool {
	asking, stop := context.WithTimeout(ctx, pageWithin)
	defer stop()
	page := make(chan string, 1)
	go func() { page <- firstAnswer(asking, s.url) }()
	ready := make(chan asked, 1)
	go func() { ready <- t.ask(asking, pageWithin, s.node) }()
	for {
		select {
		case answer := <-page:
			if answer == "" {
				if ctx.Err() == nil && ready == nil && t.verdict(ctx, s.node) { // it did not end meanwhile
					t.printf("page: %s is ready, and %s has not answered within %s", s.node, s.url, answerWithin)
				}
				return false
			}
			t.printf("page: %s answered %s, %s after the start", s.url, answer, rounded(time.Since(t.began)))
			if strings.HasPrefix(answer, "5") {
				t.printf("  the server answers, with an error of its own:")
				t.quote(control.LogQuery{Nodes: []string{s.node}})
				return false
			}
			return true
		case got := <-ready:
			if ctx.Err() != nil || !t.report(got) {
				return false
			}
			ready = nil
			late := time.AfterFunc(answerWithin, stop)
			defer late.Stop()
		}
	}
}

// firstAnswer asks until the server itself answers: its status, and where it leads.
// It is "" when the context has ended before.
func firstAnswer(ctx context.Context, url string) string {
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	again := time.NewTicker(25 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return ""
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close() // the status is enough
			if resp.Header.Get("Devloop-Page") == "" {
				if to := resp.Header.Get("Location"); to != "" {
					return resp.Status + " (to " + to + ")"
				}
				return resp.Status
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ""
		}
	}
}

// oneSave appends a blank line to a source of a server's build, waits until it is
// live, and takes it back.
func (t *trial) oneSave(ctx context.Context, servers []trialServer) bool {
	source, s, err := t.source(servers)
	if err != nil {
		t.printf("save: not tried: %v", err)
		return false
	}
	if source == "" {
		t.printf("save: not tried: no source here makes devloop restart %s; a server that reloads by itself needs none", servers[0].node)
		return true
	}
	for drained := false; !drained; { // what happened before the save
		select {
		case _, open := <-t.events:
			drained = !open
		default:
			drained = true
		}
	}
	begun := time.Now()
	if t.saved, err = appendLine(source); err != nil {
		t.printf("save: not tried: %v", err)
		return false
	}
	ok := t.verdict(ctx, s.node)
	live := time.Since(begun)
	if at, seen := t.readySince(ctx, s.node, begun); seen {
		live = at.Sub(begun)
	}
	if !t.takeBack() {
		return false
	}
	if !ok {
		return false
	}
	t.printf("save: a blank line at the end of %s was live after %s; it is taken back", shorter(source), rounded(live))
	return t.verdict(ctx, s.node)
}

// readySince is when a process became ready for the first time after a moment. Its
// event may come a little later than the answer of `devloop wait`.
func (t *trial) readySince(ctx context.Context, node string, since time.Time) (time.Time, bool) {
	late := time.NewTimer(time.Second)
	defer late.Stop()
	for {
		select {
		case e, open := <-t.events:
			if !open {
				return time.Time{}, false
			}
			if e.Node == node && (e.Kind == "ready" || e.Kind == "reloading") && e.Time.After(since) {
				return e.Time, true
			}
		case <-late.C:
			return time.Time{}, false
		case <-ctx.Done():
			return time.Time{}, false
		}
	}
}

// beside says what became of everything that is no server's and leads to none, such
// as tests. A failure there takes nothing down, and does not make the trial fail.
func (t *trial) beside(ctx context.Context, servers []trialServer) bool {
	g := t.project.graph
	var leads []int
	for _, s := range servers {
		leads = append(leads, g.Closure(g.Index(s.node))...)
	}
	for i, n := range g.Nodes {
		if slices.Contains(leads, i) || n.Process != nil && !n.Process.Start {
			continue
		}
		got := t.ask(ctx, besideWithin, n.Name)
		switch {
		case ctx.Err() != nil:
			return false
		case errors.Is(got.err, context.DeadlineExceeded):
			t.printf("%s: not finished after %s, and not waited for", n.Name, besideWithin)
		case !t.report(got):
			if n.Watcher != nil {
				t.printf("  %s runs beside the server, and takes nothing down: `devloop help tests`", n.Name)
			}
		case n.Watcher != nil:
			t.printf("%s: passed", n.Name)
		default:
			t.printf("%s: runs", n.Name)
		}
	}
	return true
}

// asked is the answer of `devloop wait`.
type asked struct {
	verdict *control.Verdict
	err     error
	within  time.Duration
}

// ask asks for a verdict as `devloop wait` does.
func (t *trial) ask(ctx context.Context, within time.Duration, nodes ...string) asked {
	limited, stop := context.WithTimeout(ctx, within)
	defer stop()
	v, err := t.client.Wait(limited, nodes...)
	return asked{v, err, within}
}

// report prints what is not well. It reports whether all is.
func (t *trial) report(a asked) bool {
	switch {
	case errors.Is(a.err, context.DeadlineExceeded):
		t.printf("not finished after %s: %s", a.within, stillBusy(t.client))
	case a.err != nil:
		t.printf("the loop does not answer: %v", a.err)
	case !a.verdict.OK:
		t.failing(a.verdict)
	default:
		return true
	}
	return false
}

// verdict asks, and tells unless it was interrupted.
func (t *trial) verdict(ctx context.Context, nodes ...string) bool {
	got := t.ask(ctx, pageWithin, nodes...)
	return ctx.Err() == nil && t.report(got)
}

// failing says what failed, the first lines of its output, and what devloop advises.
func (t *trial) failing(v *control.Verdict) {
	t.printf("%s", v.Why)
	if v.Node != "" && v.Number > 0 {
		t.quote(control.LogQuery{Nodes: []string{v.Node}, Run: v.Number, Stages: v.Stages})
	}
	if v.Hint != "" {
		t.printf("  hint: %s", v.Hint)
	}
}

// quote shows the first lines of what the loop keeps of an output.
func (t *trial) quote(want control.LogQuery) {
	const most = 12
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	lines := 0
	err := t.client.Logs(ctx, want, func(l control.Line) error {
		text := bytes.TrimRight(console.Sanitize(nil, l.Bytes(), false), " \r\n")
		if l.Missed > 0 || len(text) == 0 {
			return nil
		}
		if lines++; lines <= most {
			t.printf("  | %s", text)
		}
		return nil
	})
	if err != nil {
		t.printf("  its output cannot be read: %v", err)
	}
	if lines > most {
		t.printf("  | … and %s more", console.Count(lines-most, "line"))
	}
}

// hints repeats what the loop's screen advises, once each. They may come a little
// later than the failure that they are about.
func (t *trial) hints() {
	f, err := os.Open(t.log.Name())
	if err != nil {
		return // there is nothing to repeat
	}
	defer f.Close()
	var said []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), "| ")
		advice := strings.HasPrefix(text, "! ") || strings.HasPrefix(text, "  hint: ")
		if line := strings.TrimSpace(name) + ": " + strings.TrimPrefix(text, "! "); advice && !slices.Contains(said, line) {
			said = append(said, line)
			t.printf("%s", line)
		}
	}
}

func (t *trial) printf(format string, args ...any) {
	fmt.Fprintf(t.stdout, format+"\n", args...)
}

// end ends the loop in order.
func (t *trial) end() error {
	if t.client == nil {
		return nil
	}
	defer t.client.Close()
	t.follow()
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	if _, err := t.client.Down(ctx); err != nil {
		_ = t.child.Process.Signal(os.Interrupt) // it may just have ended
	}
	select {
	case <-t.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the loop has not ended after %s, and is killed", endWithin)
	}
}

// takeBack makes the source what it was. It reports whether it is.
func (t *trial) takeBack() bool {
	saved := t.saved
	if t.saved = nil; saved == nil {
		return true
	}
	if err := saved.takeBack(); err != nil {
		t.printf("save: %v", err)
		return false
	}
	return true
}

// close leaves nothing behind, whatever has happened.
func (t *trial) close() {
	t.takeBack()
	if t.ended != nil {
		select {
		case <-t.ended:
		default:
			_ = giveUp(t.child, t.ended, nil)
		}
	}
	if t.log != nil {
		t.log.Close()
		if t.dropLog {
			os.Remove(t.log.Name())
		}
	}
}

// noted is a file that takes what it can: who writes there is not to wait or fail
// for a full disk.
type noted struct{ *os.File }

func (n noted) Write(b []byte) (int, error) {
	_, _ = n.File.Write(b)
	return len(b), nil
}

// rounded is a time as people read it.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// buildsOf are the nodes whose passing restarts a process, and the process itself.
func buildsOf(g *graph.Graph, node int) []int {
	all := []int{node}
	for i := 0; i < len(all); i++ {
		for _, e := range g.Edges {
			if e.To == all[i] && e.Kind == graph.ByTrigger && !slices.Contains(all, e.From) {
				all = append(all, e.From)
			}
		}
	}
	return all
}
