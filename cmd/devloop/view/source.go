package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

const (
	pace      = 100 * time.Millisecond // between two updates of the screen for what comes from the loop
	busyPace  = time.Second            // between two looks while something runs
	answerIn  = 10 * time.Second
	backlog   = 20_000 // lines that wait to be shown; then the loop keeps the rest
	keptSaves = 50
)

// update is what has come from the loop since the last one.
type update struct {
	lines    []*line
	status   *control.Status
	problems *control.Diagnostics
	cycles   []control.Cycle
	wakes    []*control.Wake
	events   []control.Event
	came     bool // this is the beginning of a loop
	gone     bool // the loop has ended
}

// source follows a loop, and the next one when that has ended. Everything it learns comes as an update, at
// most one in each pace.
type source struct {
	dial  func() (*control.Client, error)
	color bool

	mu    sync.Mutex // guards what follows
	next  update
	taken chan struct{}   // closed when next is taken, if it was full; nil when nobody waits
	now   *control.Client // the loop that is followed; nil if there is none

	fresh chan struct{} // holds one: next has something
	last  time.Time     // of the last line of output
}

func newSource(dial func() (*control.Client, error), color bool) *source {
	return &source{dial: dial, color: color, fresh: make(chan struct{}, 1)}
}

// run follows loops, the first one by client, until the context ends.
func (s *source) run(ctx context.Context, client *control.Client, send func(tea.Msg)) {
	var joined sync.WaitGroup
	defer joined.Wait()
	joined.Go(func() { s.pump(ctx, send) })
	look := time.NewTicker(busyPace)
	defer look.Stop()
	for {
		if client != nil {
			look.Stop()
			s.follow(ctx, client)
			client.Close()
			look.Reset(busyPace)
		}
		select {
		case <-look.C: // nothing reports that a loop has begun
		case <-ctx.Done():
			return
		}
		client, _ = s.dial() // an error is that there is none
	}
}

// pump sends what has come.
func (s *source) pump(ctx context.Context, send func(tea.Msg)) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-s.fresh:
		case <-ctx.Done():
			return
		}
		send(s.take())
		wait.Reset(pace)
	}
}

func (s *source) take() update {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.next
	s.next = update{}
	if s.taken != nil {
		close(s.taken)
		s.taken = nil
	}
	return next
}

// put adds to the next update.
func (s *source) put(add func(*update)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.next)
	poke(s.fresh)
}

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// follow follows one loop until it has ended.
func (s *source) follow(ctx context.Context, client *control.Client) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.now = client
	s.mu.Unlock()
	s.put(func(u *update) { u.came, u.gone = true, false })
	asks := &questions{problems: true, cycles: true, fresh: make(chan struct{}, 1)}
	poke(asks.fresh)
	var joined sync.WaitGroup
	joined.Go(func() {
		defer cancel()
		_ = client.Events(ctx, control.EventQuery{}, func(text json.RawMessage) error { return s.event(text, asks) }) // it ends with the loop
	})
	joined.Go(func() {
		defer cancel()
		s.logs(ctx, client)
	})
	joined.Go(func() {
		defer cancel()
		s.ask(ctx, client, asks)
	})
	joined.Wait()
	s.mu.Lock()
	s.now = nil
	s.mu.Unlock()
	s.put(func(u *update) { u.gone = true })
}

// questions are what is to be asked after the events that have come.
type questions struct {
	mu               sync.Mutex // guards the next two
	problems, cycles bool
	fresh            chan struct{} // holds one: there is something to ask
	failures         []string      // for [source.ask] alone, as is the next
	woken            bool          // why each node last started has been asked; later, events say it
}

func (q *questions) take() (problems, cycles bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	problems, cycles = q.problems, q.cycles
	q.problems, q.cycles = false, false
	return problems, cycles
}

// failed tells whether something else has failed than the last time. Its event may come after the status.
func (q *questions) failed(status *control.Status) bool {
	var failures []string
	for _, n := range status.Nodes {
		if n.Failed || n.Crashes > 0 {
			failures = append(failures, fmt.Sprintln(n.Name, n.Number, n.Problems))
		}
	}
	changed := !slices.Equal(failures, q.failures)
	q.failures = failures
	return changed
}

func (s *source) event(text json.RawMessage, asks *questions) error {
	var e control.Event
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	s.put(func(u *update) { u.events = append(u.events, e) })
	asks.mu.Lock()
	switch e.Kind {
	case "run passed", "run failed", "stage failed", "missed":
		asks.problems, asks.cycles = true, true
	case "cycle", "live", "run started", "starting":
		asks.cycles = true
	}
	asks.mu.Unlock()
	poke(asks.fresh)
	return nil
}

// ask asks for the state of everything when something has happened, and now and then while something runs
// or connections wait.
func (s *source) ask(ctx context.Context, client *control.Client, asks *questions) {
	pause, again := time.NewTimer(0), time.NewTimer(0)
	defer pause.Stop()
	defer again.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-asks.fresh:
		case <-again.C:
		case <-ctx.Done():
			return
		}
		pause.Reset(pace)
		status, err := s.answer(ctx, client, asks)
		again.Stop()
		switch refused := new(control.RefusedError); {
		case err == nil && moves(status), ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded), errors.As(err, &refused): // the last two: it hangs, starts or ends
			again.Reset(busyPace)
		case err != nil:
			return
		}
	}
}

// answer asks once.
func (s *source) answer(ctx context.Context, client *control.Client, asks *questions) (*control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	wantProblems, wantCycles := asks.take()
	status, err := client.Status(ctx)
	if err == nil {
		wantProblems = asks.failed(status) || wantProblems
	}
	var problems *control.Diagnostics
	if err == nil && wantProblems {
		problems, err = client.Diagnostics(ctx)
	}
	var cycles *control.Cycles
	if err == nil && wantCycles {
		cycles, err = client.Cycles(ctx, keptSaves)
	}
	var wakes []*control.Wake
	for i := 0; err == nil && !asks.woken && i < len(status.Nodes); i++ {
		if wake, unknown := client.Wake(ctx, status.Nodes[i].Name); unknown == nil { // it may be gone again
			wakes = append(wakes, wake)
		}
	}
	if err != nil {
		return nil, err
	}
	asks.woken = true
	s.put(func(u *update) {
		u.wakes = append(u.wakes, wakes...)
		if u.status = status; problems != nil {
			u.problems = problems
		}
		if cycles != nil {
			u.cycles = cycles.Cycles
		}
	})
	return status, nil
}

// moves tells whether the status changes without an event.
func moves(s *control.Status) bool {
	return slices.ContainsFunc(s.Nodes, func(n control.Node) bool {
		return n.Busy || n.Waits != nil || len(n.Stages) > 0 || n.Candidate != nil
	}) || slices.ContainsFunc(s.Sockets, func(k control.Socket) bool {
		return k.Waiting != nil && *k.Waiting > 0 || k.InFlight != nil && *k.InFlight > 0
	})
}

// logs reads the output.
func (s *source) logs(ctx context.Context, client *control.Client) {
	want := control.LogQuery{Follow: true}
	if !s.last.IsZero() {
		want.Since = s.last.Add(1)
	}
	streams := map[[2]string]*console.Lines{} // by node and stage
	_ = client.Logs(ctx, want, func(l control.Line) error {
		of := [2]string{l.Node, l.Stage}
		stream := streams[of]
		if stream == nil {
			stream = console.NewLines(s.color)
			streams[of] = stream
		}
		return s.add(ctx, shown(l, stream))
	}) // it ends with the loop
}

// shown makes a line fit to be shown.
func shown(l control.Line, stream *console.Lines) *line {
	shown := &line{node: l.Node, stage: l.Stage, number: l.Number, time: l.Time, continued: l.Continued, unfinished: l.Unfinished}
	if l.Missed > 0 {
		shown.mark, shown.text = true, dim.paint("… "+console.Count(l.Missed, "earlier line")+" no longer kept")
	} else {
		shown.text = string(stream.Append(nil, l.Bytes()))
	}
	return shown
}

// add adds a line, and waits while there are too many.
func (s *source) add(ctx context.Context, l *line) error {
	s.mu.Lock()
	s.next.lines = append(s.next.lines, l)
	if s.last = l.time; l.unfinished { // it comes again, perhaps with the same time
		s.last = l.time.Add(-1)
	}
	var full chan struct{}
	if len(s.next.lines) >= backlog {
		if s.taken == nil {
			s.taken = make(chan struct{})
		}
		full = s.taken
	}
	poke(s.fresh)
	s.mu.Unlock()
	if full == nil {
		return nil
	}
	select {
	case <-full:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errGone is the answer while no loop runs.
var errGone = errors.New("the loop has ended")

func (s *source) client() (*control.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return nil, errGone
	}
	return s.now, nil
}

// act does something to nodes, and says what.
func (s *source) act(verb string, nodes ...string) (string, error) {
	client, err := s.client()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	do := map[string]func(context.Context, ...string) ([]control.Moved, error){
		"trigger": client.Trigger, "restart": client.Restart, "stop": client.Stop, "start": client.Start}[verb]
	moved, err := do(ctx, nodes...)
	if err != nil {
		return "", err
	}
	var done []string
	for _, m := range moved {
		done = append(done, m.Node+": "+m.Before+" → "+m.State)
	}
	return strings.Join(done, ", "), nil
}

// write writes all output that the loop keeps of a node, or of all: "".
func (s *source) write(ctx context.Context, w io.Writer, node string) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	var want control.LogQuery
	if node != "" {
		want.Nodes = []string{node}
	}
	streams := map[[2]string]*console.Lines{}
	return client.Logs(ctx, want, func(l control.Line) error {
		of := [2]string{l.Node, l.Stage}
		if streams[of] == nil {
			streams[of] = console.NewLines(true)
		}
		text := shown(l, streams[of]).text
		if node == "" {
			text = l.Node + " | " + text
		}
		if !l.Continued {
			text += "\n"
		}
		_, err := io.WriteString(w, text)
		return err
	})
}
