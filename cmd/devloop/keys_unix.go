//go:build linux || darwin || freebsd

package main

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
)

const keyHelp = "keys: a run all, r restart, q quit, ? help; Enter prints an empty line"

// keys reads single keys while devloop has the terminal. restore puts the
// terminal's modes back; whoever ends without it leaves that to the guardian,
// where there is one. The goroutine that reads ends with the program: a read of
// a terminal cannot be interrupted everywhere.
func (a *app) keys(out *console.Console, signals chan<- os.Signal) (requests <-chan orchestrator.Request, changed *orchestrator.Terminal, restore func()) {
	nothing := func() {}
	if !isTerminal(a.stdout) || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return nil, nil, nothing
	}
	tty := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(tty, getTermios)
	if err != nil || !foreground(tty) {
		return nil, nil, nothing
	}
	// Keys arrive one by one and unseen; everything else, Ctrl-C and the
	// treatment of output above all, stays as it was.
	during := *before
	during.Lflag &^= unix.ICANON | unix.ECHO
	during.Cc[unix.VMIN], during.Cc[unix.VTIME] = 1, 0
	set := func() { _ = unix.IoctlSetTermios(tty, setTermios, &during) }
	set()
	now := &during
	if modes, err := unix.IoctlGetTermios(tty, getTermios); err == nil {
		now = modes // as the system has understood it
	}
	changed = &orchestrator.Terminal{File: os.Stdin, Before: raw(before), During: raw(now)}
	// The shell puts its own modes back when devloop is suspended.
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	// Ctrl-\ ends every Go program at once, with what its goroutines do: the way
	// out for whoever thinks that devloop hangs, and wants to say where.
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-resumed:
				if foreground(tty) {
					set()
				}
			case <-quit:
				if foreground(tty) {
					_ = unix.IoctlSetTermios(tty, setTermios, before)
				}
				signal.Reset(syscall.SIGQUIT)
				_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
			case <-ended:
				return
			}
		}
	}()
	ch := make(chan orchestrator.Request)
	go func() {
		key := make([]byte, 1)
		for {
			if n, err := os.Stdin.Read(key); n != 1 || err != nil {
				return
			}
			var request orchestrator.Request
			switch key[0] {
			case 'a':
				request.Verb = machine.Trigger
			case 'r':
				request.Verb = machine.Restart
			case 'q', 4: // Ctrl-D
				signals <- os.Interrupt
				continue
			case '\r', '\n':
				out.Blank()
				continue
			case '?', 'h':
				out.Say("devloop", console.Plain, keyHelp)
				continue
			default:
				continue
			}
			select {
			case ch <- request:
			case <-ended:
				return
			}
		}
	}()
	return ch, changed, func() {
		signal.Stop(resumed)
		signal.Stop(quit)
		close(ended)
		if foreground(tty) {
			_ = unix.IoctlSetTermios(tty, setTermios, before)
		}
	}
}

// raw is the modes as the system writes them down.
func raw(modes *unix.Termios) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(modes)), unsafe.Sizeof(*modes))
}

// foreground tells whether devloop has the terminal: in the background a
// change of its modes would stop devloop.
func foreground(tty int) bool {
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
