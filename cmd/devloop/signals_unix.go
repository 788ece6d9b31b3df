//go:build unix

package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// endSignals end the loop in order.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// heeded are the signals without SIGHUP where it was ignored at the start, as nohup does. The others always
// count: a shell script ignores interrupts in what it starts in the background, and an interrupt is how
// that is ended by hand.
func heeded(all []os.Signal) []os.Signal {
	return slices.DeleteFunc(slices.Clone(all), func(sig os.Signal) bool {
		return sig == syscall.SIGHUP && signal.Ignored(sig)
	})
}

// fromKeys tells whether a signal may have come from the terminal's keys: the system sends those to every
// process in the foreground, not to devloop alone.
func fromKeys(sig os.Signal) bool {
	if sig != os.Interrupt && sig != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // there is none
	}
	defer tty.Close()
	return foreground(int(tty.Fd()))
}

// outlive keeps two signals from ending devloop until it is undone: SIGPIPE, before its processes have
// ended, and SIGHUP where it was ignored at the start. They are caught and dropped, because commands
// inherit ignored signals, and a shell script cannot even trap those. The runtime also sends SIGPIPE for
// every connection whose other end has gone; the failed write reports that.
func outlive() (undo func()) {
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, syscall.SIGPIPE)
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(taken, syscall.SIGHUP)
	}
	return func() { signal.Stop(taken) }
}

// foreground tells whether devloop is in the foreground of this terminal: in the
// background a change of its modes, or a read of it, stops devloop.
func foreground(tty int) bool {
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
