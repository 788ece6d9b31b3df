package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/report"
)

func (a *app) upCommand() *cobra.Command {
	var noWatch, poll, detach bool
	cmd := &cobra.Command{
		Short:             "Run the loop until Ctrl-C, or only the named nodes and what they need",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.nodeNames(""),
		RunE: func(_ *cobra.Command, names []string) error {
			p, err := a.selected(names)
			if err != nil {
				return err
			}
			if detach && !a.detached {
				return a.detach(shorter(p.cfg.File))
			}
			opt := orchestrator.Options{NoWatch: noWatch, Stream: a.verbose}
			if !noWatch {
				opt.Reload = a.reloader(p, names)
			}
			if poll && p.cfg.Poll == nil {
				opt.Poll = new(time.Duration)
			}
			return a.loop(p, opt)
		},
	}
	cmd.Flags().BoolVar(&noWatch, "no-watch", false, "start everything, but act on no change")
	cmd.Flags().BoolVar(&poll, "poll", false, "look for changes instead of waiting for the system's events")
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "run in the background; return when the loop answers")
	cmd.Flags().BoolVar(&a.detached, detachedFlag, false, "")
	_ = cmd.Flags().MarkHidden(detachedFlag) // the flag is there
	a.attention.flags(cmd)
	return cmd
}

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run [WATCHER…]",
		Short: "Run every stage once, in the order of the graph, and end",
		Long: `run is the loop without watching, for CI and git hooks: the stages of every
watcher (or of the named ones and what they need) run once, triggers are
touched, and the first failure ends it with exit code 1. Processes start only
if a watcher depends on them, and are ended again.`,
		Example:           "  devloop run\n  devloop run check",
		ValidArgsFunction: a.nodeNames("watcher"),
		RunE: func(_ *cobra.Command, names []string) error {
			p, nodes, err := a.loadNamed(names)
			if err != nil {
				return err
			}
			for _, n := range nodes {
				if p.graph.Nodes[n].Watcher == nil {
					return usageError{fmt.Errorf("%s is a process: only watchers are run", p.graph.Nodes[n].Name), "devloop run"}
				}
			}
			p.cfg, p.graph = orchestrator.SelectOnce(p.cfg, p.graph, nodes)
			if len(p.cfg.Watchers) == 0 {
				return usageError{fmt.Errorf("%s has no watcher that runs at start: name one", p.cfg.File), "devloop run"}
			}
			stream := a.verbose || !isTerminal(a.screen)
			return a.loop(p, orchestrator.Options{Once: true, Stream: stream, SignalCode: exitInterrupted})
		},
	}
}

// kept is how many bytes of output are kept of each node; 0: the default. Only
// tests change it.
var kept int

// loop runs the loop with what the flags and the terminal say.
func (a *app) loop(p *project, opt orchestrator.Options) error {
	sealInherited()
	if a.detached {
		a.screen = &logFile{file: os.Stdout}
	}
	signals := make(chan os.Signal, 4)
	ends := heeded(endSignals)
	defer outlive()()
	signal.Notify(signals, ends...)
	defer signal.Stop(signals)
	out, log, end, err := a.console(p, signals)
	if err != nil {
		return err
	}
	opt.Own = regular(os.Stdout, os.Stderr, log)
	defer end()
	for _, part := range p.cfg.Projects {
		if part.Local != "" { // else two people wonder why the same file does two things
			out.Say("devloop", console.Plain, "with the personal "+shorter(part.Local))
		}
	}
	for _, w := range p.cfg.Warnings {
		out.Say("devloop", console.Warn, w.Text("warning"))
	}
	if !opt.Once {
		claim, err := control.Acquire(p.cfg.File)
		var running *control.RunningError
		switch {
		case err == nil:
			opt.Control = claim
			defer func() { _ = claim.Close() }() // what is left is replaced by the next loop
		case errors.As(err, &running), a.detached:
			return runError{err}
		case !errors.Is(err, control.ErrUnsupported):
			out.Say("devloop", console.Warn, err.Error()+"; `devloop status` will not work")
		}
	}
	opt.Config, opt.Graph, opt.Console, opt.Kept = p.cfg, p.graph, out, kept
	opt.Environ, opt.Self, opt.Signals = os.Environ(), shim.Self(), signals
	if opt.Color, err = a.useColor(a.screen); err != nil {
		return err
	}
	opt.Hooks = a.attention.hooks(out, a.screen, p.cfg.Name)
	if !opt.Once {
		requests, changed, restore := a.keys(out, signals)
		defer restore()
		opt.Requests, opt.Terminal = requests, changed
	}
	code, err := orchestrator.Run(context.Background(), opt)
	if err != nil {
		return runError{err}
	}
	if code != exitOK {
		return exitCode(code)
	}
	if opt.Control != nil {
		opt.Control.DropLog()
	}
	return nil
}

// console makes the console that the flags and the terminal ask for. A screen
// that takes no more ends the loop by unread. end closes the log file, if there is
// one.
func (a *app) console(p *project, unread chan<- os.Signal) (out *console.Console, logFile *os.File, end func(), err error) {
	color, err := a.useColor(a.screen)
	if err != nil {
		return nil, nil, nil, err
	}
	var names []string
	for _, n := range p.graph.Nodes {
		names = append(names, n.Name)
	}
	opt := console.Options{Out: &audience{Writer: a.screen, gone: unread}, Color: color, Timestamps: a.timestamps, Names: report.Names(names)}
	opt.Terminal, opt.Buffer = isTerminal(a.screen), console.DefaultBuffer
	if a.logFile != "" {
		if logFile, err = openLog(a.logFile); err != nil {
			return nil, nil, nil, err
		}
		opt.Log = &logTold{File: logFile, tell: func(err error) { out.Say("devloop", console.Warn, err.Error()) }}
	}
	out = console.New(opt)
	return out, logFile, func() {
		_ = out.Close(context.Background()) // a reader who takes nothing any more is not told that either
		if logFile != nil {
			logFile.Close()
		}
	}, nil
}

// regular are those of the files that lie on a disk.
func regular(files ...*os.File) (infos []os.FileInfo) {
	for _, f := range files {
		if f == nil {
			continue
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			infos = append(infos, info)
		}
	}
	return infos
}

// audience is a screen that says when nobody reads it any more: a loop that
// nobody sees has no purpose, and ends as if it had been told to.
type audience struct {
	io.Writer
	gone chan<- os.Signal
	once sync.Once // twice would be in a hurry
}

func (a *audience) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	if err != nil {
		a.once.Do(func() {
			select {
			case a.gone <- os.Interrupt:
			default: // it is ending
			}
		})
	}
	return n, err
}

// useColor follows --color, then NO_COLOR (https://no-color.org), then whether
// anybody can see colours.
func (a *app) useColor(w io.Writer) (bool, error) {
	switch a.color {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == "", nil
	}
	return false, usageError{fmt.Errorf("--color %s: it is auto, always or never", a.color), "devloop"}
}
