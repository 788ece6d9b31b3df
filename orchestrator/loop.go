// Package orchestrator is the loop: the only place where the watcher, the
// sockets, the processes and the console meet the machine that decides. It
// carries out what the machine says, and decides nothing itself.
//
// What comes in, where it is taken in, and what the machine hears of it:
//
//	a file has changed              filewatch.Take    FilesChanged
//	a deadline has passed           loop.due          Tick
//	a command has started or ended  loop.handle       ProcessStarted, ProcessReady, ProcessExited, StageExited
//	the configuration has changed   loop.configRead   Reconfigure
//	a signal                        loop.interrupted  Shutdown
//	a key                           loop.request      Command
//	a question of the api           apiLoop           Asked, Command, Await, Forget, Shutdown
//
// loop.step hands it to the machine, and loop.do carries out what comes back, an
// action a case: commands are started and stopped, triggers are touched, and
// reports go on to the screen, the event log and the history (reports.go).
package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"devloop/orchestrator/api"
	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/guardian"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/orchestrator/report"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// Options are what a loop needs from its surroundings.
type Options struct {
	Config  *schema.Config
	Graph   *graph.Graph // derived from Config
	Console *console.Console
	Environ []string // what commands inherit
	Self    string   // the devloop executable, which sets LISTEN_PID for a child and becomes it

	Once    bool           // run every watcher one time, then end
	NoWatch bool           // start everything, but act on no change
	Poll    *time.Duration // instead of the configuration's poll, if not nil
	Stream  bool           // show the output of stages as it comes, not only when one fails
	Color   bool           // what commands write is shown with its colours
	Kept    int            // bytes of output kept of each node; 0: journal.DefaultLimit

	// Reload loads the configuration again, and derives its graph; nil: it is
	// not read again. Its error is shown, and changes nothing. It tells, also of
	// a load that failed, whose change may lead to another result.
	Reload func() (cfg *schema.Config, g *graph.Graph, sources []string, err error)

	Hooks report.Hooks

	// Signals end the loop: the first in order, the second at once. The exit
	// code of an interrupted loop is SignalCode.
	Signals    <-chan os.Signal
	SignalCode int

	// Requests are commands made by hand; may be nil.
	Requests <-chan Request

	// Own are the files that the caller writes what the loop says to: a change of
	// them is none, wherever they lie.
	Own []os.FileInfo

	// Terminal is one whose modes the guardian puts back if the loop comes to a
	// sudden end; may be nil.
	Terminal *Terminal

	// Control is what others ask the loop through; may be nil. Whoever has
	// acquired it closes it, after Run.
	Control *control.Claim
}

// Terminal is one whose modes the caller of Run has changed and puts back.
type Terminal = guardian.Terminal

// Request is a command made by hand for a node, or for every node that the
// verb fits if Node is "".
type Request struct {
	Verb machine.Verb
	Node string
}

// runLoop is Run in the goroutine that the loop has to itself.
func runLoop(ctx context.Context, opt Options) (code int, err error) {
	l, err := newLoop(ctx, opt)
	if err != nil {
		return 1, err
	}
	ran := false
	defer func() {
		// A panic goes on to the end of the process, and the guardian ends what is
		// left. To wait here for commands that nobody ends would hide it for ever.
		if ran {
			err = errors.Join(err, l.close())
		}
	}()
	code = l.run()
	ran = true
	return code, nil
}

// loop is the state of one Run. One goroutine, the one that calls run, owns
// all of it; every other goroutine only sends to events.
type loop struct {
	opt     Options
	cfg     *schema.Config
	graph   *graph.Graph
	machine *machine.Machine
	screen  *report.Screen
	log     *report.Log
	history *report.History

	sockets *sockets.Set
	runner  *runner.Runner
	sources *filewatch.ConfigFiles // nil if the configuration is not read again
	pending *candidate             // the configuration that is put in force once all that it may read is watched; nil if there is none
	prints  []string               // of the nodes, by number, as they are in force
	plans   map[int]*schema.Watcher
	own     *filewatch.Own
	disk    *diskqueue.Queue
	files   *filewatch.Files // nil if nothing is watched
	noted   map[string]bool  // what those who watch had to say, and people know

	ctx      context.Context // ends when run returns
	cancel   context.CancelFunc
	joined   sync.WaitGroup // every goroutine of this package, but for:
	onDisk   sync.WaitGroup // those that may have to wait for a disk
	events   chan any
	queue    []machine.Event // what the loop itself answers
	stepping bool            // step carries out what the machine answers
	started  bool            // the machine has been
	ending   bool            // people have told it to end, and know that it does
	exited   *runner.Command // a stage, while the machine hears of its end
	timer    *time.Timer
	rest     time.Time // when nothing will have been done for restAfter; zero if memory was given back since

	api     *api.Server
	asks    chan func() // questions, to be answered by the owner of all this
	journal *journal.Journal

	barriers barriers

	signalled time.Time // when the last signal came
	refreshed time.Time // when the control files were last refreshed
	exit      *int      // set by the machine's Exit
}

func newLoop(ctx context.Context, opt Options) (l *loop, err error) {
	l = &loop{
		opt:     opt,
		cfg:     opt.Config,
		graph:   opt.Graph,
		machine: machine.New(machineConfig(opt.Config, opt.Graph, opt.Once)),
		noted:   map[string]bool{},
		events:  make(chan any, 64),
		timer:   time.NewTimer(time.Hour),
		asks:    make(chan func()),
		log:     report.NewLog(opt.Graph),
		history: report.NewHistory(),
		plans:   map[int]*schema.Watcher{},
		own:     &filewatch.Own{},
		journal: journal.New(opt.Kept),
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	l.screen = report.NewScreen(report.Options{Console: opt.Console, Dir: opt.Config.Dir, Live: opt.Stream, Hooks: opt.Hooks,
		Hangs: func() bool { return len(l.disk.Hung()) > 0 }})
	l.sockets = sockets.New(l.ctx, sockets.Options{Post: func(ev sockets.Event) { l.post(ev) }, Notice: l.screen.Notice, Full: l.tryNotice})
	l.api = api.New(l.ctx, api.Options{Loop: apiLoop{l}, Log: l.log, Journal: l.journal})
	l.runner = l.newRunner()
	l.disk = diskqueue.New(diskqueue.Options{Post: func(ev diskqueue.Event) { l.post(ev) }, Mount: fspoll.MountOf, Hung: l.diskHangs, Answers: l.diskAnswers})
	for _, file := range opt.Own {
		l.own.File(file)
	}
	if opt.Control != nil {
		l.own.Dir(opt.Control.Dir())
	}
	if err := l.runner.Open(); err != nil {
		return l, err
	}
	l.own.Follow(l.runner.AddDirectory, l.runner.RemoveDirectory)
	if err := l.bind(); err != nil {
		return l, err
	}
	if err := l.watch(); err != nil {
		return l, err
	}
	l.serve()
	l.refreshed = time.Now()
	return l, nil
}

// close gives back everything that newLoop took.
func (l *loop) close() error {
	l.cancel()
	var errs []error
	errs = append(errs, l.api.Close())
	l.joined.Wait()
	errs = append(errs, l.runner.Close())
	l.timer.Stop()
	errs = append(errs, l.leaveDisk())
	errs = append(errs, l.sockets.Close())
	return errors.Join(errs...)
}

// run is the one select of the loop.
func (l *loop) run() int {
	signals, requests, done := l.opt.Signals, l.opt.Requests, l.ctx.Done()
	var ready <-chan struct{}
	if l.files != nil {
		ready = l.files.Ready()
	} else {
		l.step(machine.Start{})
	}
	for l.exit == nil {
		l.arm()
		select {
		case <-ready:
			l.files.Take()
			if ready = nil; !l.files.Complete() { // watches have run out, and polling begins
				ready = l.files.Ready()
				continue
			}
			l.files.After(l.begin)
		case <-l.files.Wake():
			l.files.Take()
		case <-l.files.PollWake():
			l.files.Take()
		case <-l.files.MountsWake():
			l.files.TakeMounts()
		case <-l.sources.Wake():
			l.sources.Take()
		case <-l.sources.PollWake():
			l.sources.Take()
		case <-l.timer.C:
			l.due()
		case ev := <-l.events:
			l.handle(ev)
		case ask := <-l.asks:
			ask()
		case r := <-requests:
			l.request(r)
		case <-signals:
			l.interrupted()
		case <-done:
			done = nil
			l.step(machine.Shutdown{Hard: true, Code: 1})
		}
	}
	return *l.exit
}

// begin begins everything: nothing is missed any more.
func (l *loop) begin() {
	l.watching()
	l.step(machine.Start{})
	l.lookForOlderBuild()
	memrelease.Begun()
	l.files.ReadBaseline()
}

// oneSignal is how close together two signals are the same one: a wrapper
// (timeout, npm, a shell's trap) passes on what the terminal sent to devloop
// already. Nobody presses Ctrl-C twice as fast.
const oneSignal = 100 * time.Millisecond

// interrupted begins the end, or hurries it.
func (l *loop) interrupted() {
	if now := time.Now(); now.Sub(l.signalled) > oneSignal {
		l.signalled = now
		l.ending = true
		l.screen.Interrupted()
		l.step(machine.Shutdown{Code: l.opt.SignalCode})
	}
}

// arm sets the timer to the next deadline.
func (l *loop) arm() {
	wait := time.Hour
	if at, ok := l.machine.Deadline(); ok {
		wait = time.Until(at)
	}
	if l.files.Flushing() {
		wait = max(wait, flushFor)
	}
	if at, ok := l.files.Deadline(); ok {
		wait = min(wait, time.Until(at))
	}
	if at, ok := l.disk.Deadline(); ok {
		wait = min(wait, time.Until(at))
	}
	if !l.rest.IsZero() {
		wait = min(wait, time.Until(l.rest))
	}
	if at, ok := l.sources.Deadline(); ok {
		wait = min(wait, time.Until(at))
	}
	if at, due := l.sockets.Deadline(); due {
		wait = min(wait, time.Until(at))
	}
	l.timer.Reset(max(0, wait))
}

// flushFor is how long files have to be looked at before the machine hears of a
// deadline without them.
const flushFor = 20 * time.Millisecond

// due does what it is time for. What has been seen before a settle period ends
// counts before that: the period ends when it has been looked at.
func (l *loop) due() {
	l.takeEvents()
	now := time.Now()
	l.sources.Due(now)
	l.disk.Tick(now)
	switch {
	case l.files == nil || !l.machine.Settling() || l.machine.Ending():
		l.files.Due(now)
		l.step(machine.Tick{})
	case l.files.Flushing(): // a disk is slow: other deadlines do not wait for it
		l.step(machine.Tick{VCSBusy: true})
	default:
		var dirs []string
		for _, p := range l.cfg.Projects {
			dirs = append(dirs, p.Dir)
		}
		l.files.Flush(dirs, func(gitBusy bool) { l.step(machine.Tick{VCSBusy: gitBusy}) })
	}
	l.restDue()
	l.refreshDue()
}

// step feeds the machine and carries out what it answers, until it is silent.
func (l *loop) step(ev machine.Event) {
	l.queue = append(l.queue, ev)
	if l.stepping {
		return
	}
	l.stepping = true
	defer func() { l.stepping = false }()
	defer l.log.Rested(l.machine.Status)
	for len(l.queue) > 0 {
		ev, l.queue = l.queue[0], l.queue[1:]
		l.announce(ev)
		for _, action := range l.machine.Step(time.Now(), ev) {
			l.do(action)
			l.rest = time.Now().Add(restAfter)
		}
	}
	l.review()
}

// restAfter is how long nothing must have been done before the memory that the
// work took is given back. It is longer than there are whole looks for
// orphans (procgroup), and short beside the time that people think.
const restAfter = 12 * time.Second

// restDue gives memory back, once after each piece of work.
func (l *loop) restDue() {
	switch {
	case l.rest.IsZero() || l.rest.After(time.Now()):
	case l.runner.RunsStages():
		l.rest = time.Now().Add(restAfter)
	default:
		l.rest = time.Time{}
		l.goroutine(memrelease.Settle)
	}
}

// refreshDue keeps the control files from those who clean up. The timer comes
// once an hour at least.
func (l *loop) refreshDue() {
	if l.opt.Control == nil || time.Since(l.refreshed) < control.FreshFor {
		return
	}
	l.refreshed = time.Now()
	if err := l.opt.Control.Refresh(); err != nil {
		l.screen.Notice(err.Error())
	}
}

func (l *loop) do(action machine.Action) {
	switch a := action.(type) {
	case machine.Report:
		l.reported(a)
	case machine.StartStage:
		l.startStage(a)
	case machine.StopStage:
		l.runner.Stop(stageKey(a.Node, a.Run, a.Stage))
	case machine.KillStage:
		l.runner.Kill(stageKey(a.Node, a.Run, a.Stage))
	case machine.Drain:
		l.drain(machine.Drained{Node: a.Node, Run: a.Run})
	case machine.Touch:
		l.log.Touched(l.name(a.Node), a.Run)
		l.touch(a)
	case machine.StartProcess:
		l.startProcess(a)
	case machine.StopProcess:
		l.runner.Stop(processKey(a.Node, a.Gen))
	case machine.KillProcess:
		l.runner.Kill(processKey(a.Node, a.Gen))
	case machine.ServeProcess:
		l.runner.Serve(processKey(a.Node, a.Gen))
	case machine.Awaited:
		l.awaited(a)
	case machine.ReloadProcess:
		l.runner.Reload(processKey(a.Node, a.Gen), a.Paths)
	case machine.Exit:
		l.exit = &a.Code
	default:
		panic(fmt.Sprintf("orchestrator: no way to carry out %T", action))
	}
}

// handle takes in what another goroutine reports.
func (l *loop) handle(ev any) {
	switch ev := ev.(type) {
	case runner.Event:
		l.runner.Handle(ev)
	case diskqueue.Event:
		l.disk.Handle(ev)
	case filewatch.Event:
		ev.Handle()
	case noticeEvent:
		l.screen.Notice(ev.text)
	case sockets.Event:
		l.sockets.Handle(ev)
	}
}

// takeEvents takes in what has been reported by now: it came before the deadline
// that has passed, and nobody is up who has ended.
func (l *loop) takeEvents() {
	for {
		select {
		case ev := <-l.events:
			l.handle(ev)
		default:
			return
		}
	}
}

// post hands an event to the loop from another goroutine. Every goroutine that
// posts is counted in joined and ends when the loop's context does, so a post
// that nobody takes any more is given up.
func (l *loop) post(ev any) {
	select {
	case l.events <- ev:
	case <-l.ctx.Done():
	}
}

// noticeEvent is something that people should know, of no node.
type noticeEvent struct{ text string }

// tryNotice is post for a noticeEvent that may be given up.
func (l *loop) tryNotice(text string) (told bool) {
	select {
	case l.events <- noticeEvent{text}:
		return true
	default:
		return false
	}
}

// goroutine starts work that posts its result.
func (l *loop) goroutine(work func()) { l.joined.Go(work) }

// request carries out a command made by hand. Of several nodes those downstream
// wait for those upstream.
func (l *loop) request(r Request) {
	command := machine.Command{Verb: r.Verb}
	for i, n := range l.graph.Nodes {
		if n.Gone {
			continue
		}
		fits := r.Node == n.Name
		if r.Node == "" {
			fits = n.Watcher != nil && r.Verb == machine.Trigger ||
				n.Process != nil && r.Verb == machine.Restart && l.machine.Status()[i].Num > 0
		}
		if fits {
			command.Nodes = append(command.Nodes, i)
		}
	}
	if len(command.Nodes) == 0 {
		l.screen.NothingTo(r.Verb)
		return
	}
	l.step(command)
}
