package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"devloop/orchestrator/api"
	"devloop/orchestrator/cas"
	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/orchestrator/report"
	"devloop/orchestrator/reuse"
	"devloop/orchestrator/runner"
	"devloop/orchestrator/sockets"
	"devloop/schema"
)

// Run runs the loop until it is told to end, and returns its exit code. When it returns, every command it
// started has ended with its whole tree, every socket is closed and every goroutine is gone. The error is
// what kept it from starting; the code is then 1.
//
// If the loop is told to end a second time and does not, because the system keeps it waiting, it is left
// hanging: Run returns errHangs and code 1, and the guardian ends the commands when the program ends.
func Run(ctx context.Context, opt Options) (code int, err error) {
	signals, heard := opt.Signals, make(chan os.Signal)
	opt.Signals = heard
	ended := make(chan outcome, 1)
	go func() {
		code, err := runLoop(ctx, opt)
		ended <- outcome{code, err}
	}()
	return attend(signals, heard, ended)
}

// runLoop is Run in the loop's own goroutine.
func runLoop(ctx context.Context, opt Options) (code int, err error) {
	l, err := newLoop(ctx, opt)
	if err != nil {
		return 1, err
	}
	ran := false
	defer func() {
		// A panic ends the process, and the guardian ends what is left. To wait here for commands that
		// nothing ends would hide it for ever.
		if ran {
			err = errors.Join(err, l.close())
		} else {
			opt.Console.Hide() // what the runtime prints stands below the lines
		}
	}()
	code = l.run()
	ran = true
	return code, l.end.err
}

func newLoop(ctx context.Context, opt Options) (l *loop, err error) {
	l = &loop{
		opt:     opt,
		project: &project{cfg: opt.Config, graph: opt.Graph, plans: map[int]*schema.Watcher{}},
		mailbox: newMailbox(ctx),
		machine: machine.New(machineConfig(opt.Config, opt.Graph, opt.Once)),
		timer:   time.NewTimer(time.Hour),
		house:   housekeeping{refreshed: time.Now()},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	own, output := &filewatch.Own{}, journal.New(opt.Kept)
	l.screen = report.NewScreen(report.Options{Console: opt.Console, Dir: opt.Config.Dir, Live: opt.Stream, Hooks: opt.Hooks, Style: opt.Style,
		Gone: func(path string) bool { return l.files.Gone(path) }})
	l.sockets = sockets.New(l.ctx, sockets.Options{Post: func(ev sockets.Event) bool { return l.post(ev) }, OnDisk: l.onDisk.Go, Notice: l.screen.Notice, Late: func(s *sockets.Held) { startWaiting(l, s) }, Waits: func(s *sockets.Held) { clientWaits(l, s) }, Full: l.tryNotice})
	l.runner.passes = newPasses(l)
	l.runner.Runner = l.newRunner(own, output)
	l.report = &reporter{project: l.project, status: l.machine.Status, runner: l.runner.Runner, sockets: l.sockets, screen: l.screen,
		log: report.NewLog(opt.Graph, func(cycle []byte) { l.report.cycles.add(cycle) }), history: report.NewHistory(), journal: output, noted: map[string]bool{}}
	if opt.Once {
		l.report.tally = report.NewTally()
	}
	l.pages = pages{project: l.project, machine: l.machine, sockets: l.sockets, problems: problems{l.report, map[int]*found{}}, mistakes: func() *control.Mistakes { return l.sources.Mistakes() }, address: func() string { return l.dashboard.address() },
		ask: func(question func()) error { return l.ask(l.ctx, question) }, told: map[string]*told{}}
	l.api = api.New(l.ctx, api.Options{Loop: apiLoop{l}, Log: l.report.log, Journal: output, Writes: own.Stream})
	l.dashboard = &dashboards{api: l.api.Handler(), graph: apiLoop{l}.Graph, live: l.pages.hub, claim: opt.Control, screen: l.screen}
	l.disk = diskqueue.New(diskqueue.Options{Post: func(ev diskqueue.Event) { l.post(ev) }, Mount: fspoll.MountOf, Hung: l.diskHangs, Answers: l.diskAnswers})
	for _, file := range opt.Own {
		own.File(file)
	}
	l.report.cycles.disk = l.disk
	if opt.Control != nil {
		own.Dir(opt.Control.Dir())
		if l.report.cycles.path = opt.Control.History(); l.report.cycles.path != "" {
			own.Dir(filepath.Dir(l.report.cycles.path))
		}
	}
	if err := l.runner.Open(); err != nil {
		return l, err
	}
	own.Follow(l.runner.AddDirectory, l.runner.RemoveDirectory)
	if err := l.bind(); err != nil {
		return l, err
	}
	l.watch(own)
	l.serve()
	l.report.cycles.read(func(p *report.Past) { l.report.recall(p) })
	return l, nil
}

// bind opens every socket, or none: a port in use is an error before anything has started.
func (l *loop) bind() error {
	want := socketsOf(l.cfg, l.graph, l.opt.Once)
	opened, err := l.sockets.Open(want)
	l.sockets.Adopt(want, opened)
	page, noPage := l.dashboard.open(dashboardOf(l.cfg, l.opt.Once))
	if l.dashboard.now = page; err != nil || noPage != nil {
		return errors.Join(err, noPage)
	}
	for _, s := range opened {
		l.screen.Holding(s.Name(), s.String())
	}
	return nil
}

// close releases everything that newLoop took.
func (l *loop) close() error {
	l.cancel()
	var errs []error
	errs = append(errs, l.answers.close())
	l.joined.Wait()
	errs = append(errs, l.runner.Close())
	l.runner.passes.flush()
	l.timer.Stop()
	l.screen.Close()
	l.disk.Close(leaveFor)
	closers := []func() error{l.runner.CloseScratch, l.runner.passes.Close, l.sockets.Close}
	if l.files != nil {
		closers = append(closers, l.files.Close)
	}
	if l.sources != nil {
		closers = append(closers, l.sources.Close)
	}
	errs = append(errs, l.leave(closers...))
	return errors.Join(errs...)
}

// newRunner makes the runner of the loop's commands.
func (l *loop) newRunner(own *filewatch.Own, output *journal.Journal) *runner.Runner {
	opt := runner.Options{
		Environ: l.opt.Environ, Self: l.opt.Self, Color: l.opt.Color, Stream: l.opt.Stream,
		Console: l.opt.Console, Journal: output, Sockets: l.sockets,
		Terminal: l.opt.Terminal,
		Post:     func(ev runner.Event) { l.post(ev) },
		Deliver:  func(ev runner.Event) { l.events <- ev },
		OnDisk:   l.onDisk.Go,
		Made:     own.Temporary,
		Gone:     own.Removed,
		Process:  func(node int) *schema.Process { return l.graph.Nodes[node].Process },
		Reuser:   l.runner.passes.Reuser, Inputs: l.runner.passes.inputs, Config: func() *schema.Config { return l.cfg },
		Reports: runner.Reports{
			Started: func(c *runner.Command) {
				l.step(machine.ProcessStarted{Node: c.Key.Node, Gen: c.Key.Num, PID: c.PID()})
			},
			Ready:   func(key runner.Key) { l.step(machine.ProcessReady{Node: key.Node, Gen: key.Num}) },
			Exited:  l.commandExited,
			Advice:  func(node int, text, hint string) { l.screen.Advice(l.name(node), text, hint) },
			Missing: l.programMissing,
			Trouble: func(node int, err error) { l.screen.Trouble(l.name(node), err) },
			Notice:  l.screen.Notice,
		},
	}
	for i := range l.cfg.Processes {
		opt.Grace = max(opt.Grace, l.cfg.Processes[i].Stop.Timeout)
	}
	if l.opt.Control != nil {
		opt.CrashRecord = l.opt.Control.CrashRecord()
	}
	return runner.New(l.ctx, opt)
}

// newPasses makes what knows the earlier passes of stages.
func newPasses(l *loop) *passes {
	shared := &sharedCache{notice: l.screen.Notice}
	return &passes{project: l.project, shared: shared, once: l.opt.Once, Reuser: reuse.New(reuse.Options{
		Off: l.opt.NoReuse, Store: cas.Default, Remote: shared.current,
		Exec: func(ctx context.Context, tool schema.Command, s *reuse.Stage) ([]byte, error) {
			return l.runner.Output(ctx, tool, s.Dir, s.Environ)
		},
	})}
}

// watch begins to watch the project's files and the configuration's.
func (l *loop) watch(own *filewatch.Own) {
	if l.opt.Once {
		return
	}
	owner := filewatch.Owner{Context: l.ctx, Disk: l.disk, Own: own, Go: l.onDisk.Go, Note: l.report.note, Notice: l.screen.Notice,
		Post: func(ev filewatch.Event) bool { return l.post(ev) }}
	started := func() bool { return l.startup.done }
	if !l.opt.NoWatch {
		memrelease.Begin()
		opt := filewatch.Options{Owner: owner, Poll: l.opt.polling(l.cfg), Started: started,
			Config:  func() (*schema.Config, *graph.Graph) { return l.cfg, l.graph },
			Changed: l.changed, Hang: func(places map[int]string) { l.step(machine.FilesHang{Places: places}) }, Settling: l.settling, Busy: l.runner.RunsStages, Writing: l.writing, Opened: l.watching, Sums: l.runner.passes.sums}
		l.startup.opens(func() {
			l.post(noticeEvent{"nothing can start yet: " + l.opt.Config.Dir + ", or where links in it lead, has not answered"})
		})
		l.onDisk.Go(func() {
			ev := filesOpened{}
			if ev.files, ev.notes, ev.err = filewatch.New(opt); ev.files != nil && !l.post(ev) {
				_ = ev.Close() // the loop has ended
			}
		})
	}
	if l.opt.Reload == nil {
		return
	}
	for _, n := range l.graph.Nodes {
		l.prints = append(l.prints, fingerprint(l.opt.Environ, l.cfg, n))
	}
	l.sources = filewatch.OpenConfigFiles(filewatch.ConfigOptions{Owner: owner, Started: started, Ending: l.machine.Ending, Load: l.loadConfig,
		NoAnswer: func(paths []string) { l.reloaded(paths, errNoAnswer) }}, sourcePaths(l.cfg.Sources), l.opt.polling(l.cfg))
}

// diskHangs reports a file system that does not answer.
func (l *loop) diskHangs(path string) {
	l.screen.Notice(fmt.Sprintf("%s: the file system has not answered for %v; until it does, every change there counts, whatever the file contains", path, diskqueue.Patience))
}

// diskAnswers reports that it answers again.
func (l *loop) diskAnswers(place string) {
	l.screen.Notice(place + ": the file system responds again")
	l.files.Answers()
}

// serve begins to answer on the control socket. The loop also works without one, so a failure is only
// reported.
func (l *loop) serve() {
	if l.opt.Control == nil {
		return
	}
	if err := l.api.Serve(l.opt.Control); err != nil {
		l.screen.Notice(err.Error() + "; `devloop status` will not work")
	}
	l.dashboard.serve()
}
