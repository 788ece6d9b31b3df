package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/report"
)

// kept is how many bytes of output are kept of each node; 0: the default. Only
// tests change it.
var kept int

// begins, if not nil, is called when a change starts a run. Only tests change it.
var begins func()

// runLoop runs the loop with what the flags and the terminal say.
func runLoop(a *app, p *project, opt orchestrator.Options) error {
	sealInherited()
	if a.detached {
		a.screen = &logFile{file: os.Stdout}
	}
	signals := make(chan os.Signal, 4)
	ends := heeded(endSignals)
	defer outlive()()
	style, columns, err := a.style(p.cfg.Name, opt.Once)
	if err != nil {
		return err
	}
	screen := &audience{Writer: a.screen, gone: signals}
	out, log, end, err := newConsole(a, p, columns, screen)
	if err != nil {
		return err
	}
	signal.Notify(signals, ends...) // not before the log is open: its disk may not respond
	defer signal.Stop(signals)
	opt.Own = regular(os.Stdout, os.Stderr, log)
	defer end()
	if file := shorter(p.cfg.File); a.file == "" && filepath.Dir(file) != "." {
		out.Say("devloop", console.Plain, "using "+file)
	}
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
	opt.Style = style
	if opt.Hooks = a.attention.hooks(out, a.screen, p.cfg.Name); begins != nil {
		opt.Hooks.Begin = begins
	}
	if !opt.Once {
		requests, changed, restore := readKeys(screen, out, signals, ends, p.cfg.File)
		defer restore()
		if changed != nil && style.Status {
			changed.Reset = console.ResetStatus
		}
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

// newConsole makes the console for the flags and the terminal. end closes the log file, if there is one.
func newConsole(a *app, p *project, columns func() int, screen io.Writer) (out *console.Console, logFile *os.File, end func(), err error) {
	color, err := a.useColor(a.screen)
	if err != nil {
		return nil, nil, nil, err
	}
	var names []string
	for _, n := range p.graph.Nodes {
		names = append(names, n.Name)
	}
	opt := console.Options{Out: screen, Color: color, Timestamps: a.timestamps, Names: report.Names(names)}
	opt.Terminal, opt.Buffer, opt.Columns, opt.Focus = isTerminal(a.screen), console.DefaultBuffer, columns, readsKeys && a.attention.notify
	if a.logFile != "" {
		opened := a.reportSlow(a.logFile)
		logFile, err = openLog(a.logFile)
		if opened(); err != nil {
			return nil, nil, nil, err
		}
		opt.Log = &reportedLog{File: logFile, report: func(err error) { out.Say("devloop", console.Warn, err.Error()) }}
	}
	out = console.New(opt)
	return out, logFile, func() {
		err := out.Close(context.Background())
		if logFile != nil && err == nil { // else its disk may not respond
			logFile.Close()
		}
	}, nil
}

// regular are those of the files that are on a disk.
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
