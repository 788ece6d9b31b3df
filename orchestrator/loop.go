// Package orchestrator is the loop: the only place where the watcher, the
// sockets, the processes and the console meet the machine that decides. It
// carries out what the machine says, and decides nothing itself.
//
// What comes in, where it is taken in, and what the machine hears of it:
//
//	a file has changed              filewatch.Files   FilesChanged
//	a deadline has passed           loop.due          Tick
//	a command has started or ended  loop.handle       ProcessStarted, ProcessReady, ProcessExited, StageExited
//	the configuration has changed   loop.configRead   Reconfigure
//	a signal                        loop.interrupted  Shutdown
//	a key                           loop.request      Command, Pause
//	a question of the api           apiLoop           Asked, Command, Await, Forget, Shutdown
//
// loop.step hands it to the machine, and loop.do carries out what comes back, an
// action a case: commands are started and stopped, triggers are touched, and
// reports go on to the screen, the event log and the history (reports.go).
package orchestrator

import (
	"fmt"
	"sync"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/orchestrator/report"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
)

// loop is the state of one Run. The goroutine that calls run owns all of it; other goroutines only send to
// its mailbox.
type loop struct {
	opt Options
	*project
	*mailbox
	machine *machine.Machine
	screen  *report.Screen
	report  *reporter
	pages   pages
	sockets *sockets.Set
	runner  work
	disk    *diskqueue.Queue
	files   *filewatch.Files       // nil if nothing is watched, or not yet
	sources *filewatch.ConfigFiles // nil if the configuration is not read again
	answers

	queue    []machine.Event // what the loop itself answers
	stepping bool            // step carries out what the machine answers
	startup  startup
	barriers barriers
	house    housekeeping
	timer    *time.Timer
	end      end
}

// work is what runs commands, and what knows which of them need not run.
type work struct {
	*runner.Runner
	passes *passes
}

// startup is the state of the start. Watching begins beside the loop's goroutine, as it may have to wait for a disk.
// Until it has begun, no other configuration becomes current.
type startup struct {
	opening bool            // files is not there yet
	slow    *time.Timer     // tells people that this takes long
	next    *candidate      // was read meanwhile; nil: none
	ready   <-chan struct{} // of files: closed when they miss nothing; nil when that has been seen
	done    bool            // the machine has started
}

// slowOpening is how long the beginning of watching may take before people are told.
const slowOpening = 4 * time.Second

func (s *startup) opens(slow func()) {
	s.opening, s.slow = true, time.AfterFunc(slowOpening, slow)
}

// filesOpened is the result of beginning to watch.
type filesOpened struct {
	files *filewatch.Files
	notes []string
	err   error
}

// Close closes what nobody takes.
func (e filesOpened) Close() error { return e.files.Close() }

// end is the state of the end of the loop.
type end struct {
	told      bool      // it was told to end, and has said so
	signalled time.Time // when the last signal came
	code      *int      // set by the machine's Exit
	err       error     // why it could not begin
}

// run has the loop's only select.
func (l *loop) run() int {
	signals, requests, done := l.opt.Signals, l.opt.Requests, l.ctx.Done()
	if !l.startup.opening {
		l.start()
	}
	for l.end.code == nil {
		l.screen.Rested(func() report.Snapshot { return l.report.snapshot(l.machine.Status()) })
		l.arm()
		select {
		case <-l.startup.ready:
			l.files.Take()
			if l.startup.ready = nil; !l.files.Complete() { // watches have run out, and polling begins
				l.startup.ready = l.files.Ready()
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
	return *l.end.code
}

// begin starts everything: from now on no change is missed.
func (l *loop) begin() {
	l.watching()
	l.start()
	if triggers := l.report.triggersServed(); len(triggers) > 0 {
		l.files.NewerThan(triggers, l.report.olderBuild)
	}
	l.joined.Go(memrelease.Begun)
	l.files.ReadBaseline()
}

// filesOpened begins the loop's work, once nothing is missed any more.
func (l *loop) filesOpened(ev filesOpened) {
	next := l.startup.next
	l.startup.slow.Stop()
	l.files, l.startup.opening, l.startup.next = ev.files, false, nil
	l.report.note(ev.notes...)
	if ev.err != nil {
		l.end.err = ev.err
		l.step(machine.Shutdown{Hard: true, Code: 1})
		return
	}
	l.startup.ready, l.runner.passes.watched = l.files.Ready(), l.files.Inputs
	if next != nil {
		l.configRead(next)
	}
}

func (l *loop) start() {
	l.startup.done = true
	l.step(machine.Start{})
}

// watching prints what is watched.
func (l *loop) watching() {
	w := l.files.Watching()
	l.screen.Watching(w.Directories, w.Polled)
}

// interrupted begins the end, or hurries it.
func (l *loop) interrupted() {
	if now := time.Now(); now.Sub(l.end.signalled) > oneSignal {
		l.end.signalled, l.end.told = now, true
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
	for _, deadline := range [...]func() (time.Time, bool){l.files.Deadline, l.sources.Deadline, l.disk.Deadline, l.sockets.Deadline, l.house.deadline} {
		if at, ok := deadline(); ok {
			wait = min(wait, time.Until(at))
		}
	}
	l.timer.Reset(max(0, wait))
}

// flushFor is how long to look at files before the machine gets a deadline without them.
const flushFor = 20 * time.Millisecond

// due does what it is time for. Changes seen before a settle period ends belong to it, so it ends when they
// have been looked at.
func (l *loop) due() {
	l.takeEvents()
	now := time.Now()
	l.sources.Due(now)
	l.disk.Tick(now)
	switch {
	case l.files == nil || !l.machine.Settling() || l.machine.Ending():
		l.files.Due(now)
		l.step(machine.Tick{})
	case l.files.Flushing(): // a slow disk does not delay other deadlines
		l.step(machine.Tick{VCSBusy: true})
	default:
		var dirs []string
		for _, p := range l.cfg.Projects {
			dirs = append(dirs, p.Dir)
		}
		l.files.Flush(dirs, func(gitBusy bool) { l.step(machine.Tick{VCSBusy: gitBusy}) })
	}
	if l.house.rests(now, l.runner.RunsStages()) {
		l.joined.Go(memrelease.Release)
	}
	if err := l.house.refresh(now, l.opt.Control); err != nil {
		l.screen.Notice(err.Error())
	}
}

// step passes an event to the machine and carries out its actions, until there are none.
func (l *loop) step(ev machine.Event) {
	l.queue = append(l.queue, ev)
	if l.stepping {
		return
	}
	l.stepping = true
	defer func() { l.stepping = false }()
	defer func() {
		status := sync.OnceValue(l.machine.Status)
		ended := l.report.log.Rested(status)
		l.report.stands(l.machine, status, l.sources.Broken())
		l.pages.review(status, ended)
	}()
	for len(l.queue) > 0 {
		ev, l.queue = l.queue[0], l.queue[1:]
		l.report.announce(ev)
		for _, action := range l.machine.Step(time.Now(), ev) {
			l.do(action)
			l.house.worked()
		}
	}
}

func (l *loop) do(action machine.Action) {
	switch a := action.(type) {
	case machine.Report:
		l.report.report(a)
	case machine.StartStage:
		l.startStage(a)
	case machine.StopStage:
		l.runner.Stop(stageKey(a.Node, a.Run, a.Stage))
	case machine.KillStage:
		l.runner.Kill(stageKey(a.Node, a.Run, a.Stage))
	case machine.Drain:
		l.drain(machine.Drained{Node: a.Node, Run: a.Run})
	case machine.Touch:
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
		l.end.code = &a.Code
		l.report.ran(a.Code, l.opt.Ran)
	default:
		panic(fmt.Sprintf("orchestrator: no way to carry out %T", action))
	}
}

// handle takes an event from another goroutine.
func (l *loop) handle(ev any) {
	switch ev := ev.(type) {
	case runner.Event:
		l.runner.Handle(ev)
	case diskqueue.Event:
		l.disk.Handle(ev)
	case filewatch.Event:
		ev.Handle()
	case placeEvent:
		ev.show()
		l.pages.review(l.machine.Status, nil)
	case filesOpened:
		l.filesOpened(ev)
	case noticeEvent:
		l.screen.Notice(ev.text)
	case sockets.Event:
		l.sockets.Handle(ev)
	}
}

// takeEvents takes what has been reported by now, before a passed deadline counts: a process whose end is
// reported must not count as up, or as too late.
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

// request carries out a command made by hand. Of several nodes, those downstream wait for those upstream.
func (l *loop) request(r Request) {
	if r.Key != 0 {
		k := keys{machine: l.machine, step: l.step, nodes: apiLoop{l}.Names(), watches: l.files != nil, screen: l.screen, console: l.opt.Console}
		k.urls = func(node int) []string {
			if p := l.graph.Nodes[node].Process; p != nil {
				return l.report.urls(p)
			}
			return nil
		}
		k.press(r.Key, r.Found)
		return
	}
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
