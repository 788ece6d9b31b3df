//go:build linux || darwin || freebsd

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/control"
	"devloop/orchestrator/listenfd/shim"
)

// departure is how devloop leaves its terminal to the shell, and comes back.
type departure struct {
	config         string // the file
	screen         *audience
	left           atomic.Bool
	signals        chan<- os.Signal // which end the loop
	ending, hangup chan os.Signal
	ends           []os.Signal // what arrives in signals and in ending
}

// leave gives the terminal to the shell, as Ctrl-Z does, and goes on in the background, where it says nothing and
// outlives the shell. It returns when devloop goes on.
func (d *departure) leave() error {
	helper := exec.Command(shim.Self(), "view", fmt.Sprintf("--%s=%d", resumeFlag, unix.Getpgrp()))
	helper.Stdin = os.Stdin
	if err := helper.Start(); err != nil {
		d.screen.back()
		return fmt.Errorf("leave the terminal: %w", err)
	}
	d.heed(slices.DeleteFunc(slices.Clone(d.ends), func(sig os.Signal) bool { return sig == syscall.SIGHUP }))
	if config := shorter(d.config); printDetached(d.screen.Writer, config, os.Getpid()) == nil {
		_, _ = fmt.Fprintf(d.screen.Writer, "  %-*s    back to its lines, in this shell\n", len(control.Command(config)+" logs -f"), "fg") // a terminal that has gone shows nothing
	}
	d.left.Store(true)
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	return helper.Wait()
}

// heed lets only these signals end devloop. A hangup that is none of them is dropped.
func (d *departure) heed(ends []os.Signal) {
	signal.Notify(d.hangup, syscall.SIGHUP)
	for _, ch := range []chan<- os.Signal{d.signals, d.ending} {
		signal.Stop(ch)
		signal.Notify(ch, ends...)
	}
}

// resume is a process of its own that continues the leader of its group, when that has stopped and the shell has taken
// its terminal, which is the standard input here: a shell that sees nothing stop goes on waiting.
func resume(group int) error {
	look := time.NewTicker(10 * time.Millisecond) // nothing reports it
	defer look.Stop()
	late := time.After(5 * time.Second)
	for {
		select {
		case <-look.C:
			if front, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP); err == nil && front == group {
				continue
			}
		case <-late:
		}
		return syscall.Kill(group, syscall.SIGCONT)
	}
}
