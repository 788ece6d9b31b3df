//go:build linux || darwin || freebsd

package main

import (
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
)

const keyHelp = "keys: a runs all, r restarts, t takes the full screen, q quits, ? helps; Enter prints an empty line"

// keyboard reads single keys from the terminal while devloop is in its foreground. A shell takes the
// terminal and gives it back at any time (Ctrl-Z, bg, fg, &); a process that reads it meanwhile is stopped.
type keyboard struct {
	tty            int
	before, during unix.Termios
	out            *console.Console
	view           func(over <-chan struct{}) error
	signals        chan<- os.Signal
	requests       chan orchestrator.Request

	stopped, resumed, quit, resized chan os.Signal

	away, back chan struct{} // each holds one: devloop has left the foreground, or is there again
	ended      chan struct{}
	wake       *os.File // closed to end a wait for keys
	joined     sync.WaitGroup
}

// readKeys reads single keys while devloop has the terminal. restore restores the terminal's modes; after a
// sudden end the guardian does, where there is one.
//
// view shows the loop on the whole screen until somebody leaves that, or its argument is closed.
func readKeys(screen io.Writer, out *console.Console, signals chan<- os.Signal, view func(over <-chan struct{}) error) (requests <-chan orchestrator.Request, changed *orchestrator.Terminal, restore func()) {
	nothing := func() {}
	if !isTerminal(screen) || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return nil, nil, nothing
	}
	tty := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(tty, getTermios)
	if err != nil {
		return nil, nil, nothing
	}
	sleeper, wake, err := os.Pipe()
	if err != nil {
		return nil, nil, nothing
	}
	k := &keyboard{
		tty: tty, before: *before, out: out, view: view, signals: signals, requests: make(chan orchestrator.Request),
		stopped: make(chan os.Signal, 1), resumed: make(chan os.Signal, 1), quit: make(chan os.Signal, 1), resized: make(chan os.Signal, 1),
		away: make(chan struct{}, 1), back: make(chan struct{}, 1), ended: make(chan struct{}), wake: wake,
	}
	if !foreground(tty) {
		ordinary(&k.before) // a shell that edits a line has modes of its own
	}
	// Keys arrive one by one and without echo; everything else, such as Ctrl-C and the treatment of output,
	// stays as it was.
	k.during = k.before
	k.during.Lflag &^= unix.ICANON | unix.ECHO
	k.during.Cc[unix.VMIN], k.during.Cc[unix.VTIME] = 1, 0
	if k.take() {
		if modes, err := unix.IoctlGetTermios(tty, getTermios); err == nil {
			k.during = *modes // as the system has understood it
		}
	}
	if isJob() && !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(k.stopped, syscall.SIGTSTP)
	}
	signal.Notify(k.resumed, syscall.SIGCONT)
	// Ctrl-\ ends every Go program at once and prints its goroutines, for reports of a devloop that hangs.
	signal.Notify(k.quit, syscall.SIGQUIT)
	signal.Notify(k.resized, syscall.SIGWINCH)
	k.joined.Go(k.follow)
	k.joined.Go(func() {
		defer sleeper.Close()
		k.read(int(sleeper.Fd()))
	})
	return k.requests, &orchestrator.Terminal{File: os.Stdin, Before: raw(&k.before), During: raw(&k.during)}, k.close
}

// ordinary sets the modes in which a shell starts a program.
func ordinary(modes *unix.Termios) {
	modes.Iflag |= unix.ICRNL
	modes.Oflag |= unix.OPOST
	modes.Lflag |= unix.ICANON | unix.ECHO | unix.ISIG | unix.IEXTEN
}

// take makes the terminal give single keys, and shows the status line, if devloop is in its foreground.
func (k *keyboard) take() bool {
	if !foreground(k.tty) || unix.IoctlSetTermios(k.tty, setTermios, &k.during) != nil {
		return false
	}
	k.out.Show()
	return true
}

// giveBack restores the modes, if devloop is in the foreground: otherwise the terminal is not its own.
func (k *keyboard) giveBack() {
	if foreground(k.tty) {
		_ = unix.IoctlSetTermios(k.tty, setTermios, &k.before)
	}
}

// close ends the reading and puts the modes back.
func (k *keyboard) close() {
	signal.Stop(k.stopped)
	signal.Stop(k.resumed)
	signal.Stop(k.quit)
	signal.Stop(k.resized)
	close(k.ended)
	_ = k.wake.Close() // nothing went through it
	k.joined.Wait()
	k.giveBack()
}

// backgroundLook is how often devloop checks, in the background of a terminal, whether it is in the
// foreground again: a shell's `fg` sends no signal to a running job.
const backgroundLook = 500 * time.Millisecond

// follow takes the terminal whenever devloop comes to its foreground, and gives
// it back for Ctrl-Z and Ctrl-\.
func (k *keyboard) follow() {
	look := time.NewTicker(backgroundLook)
	defer look.Stop()
	back := func() {
		if !k.take() {
			k.out.Hide() // what stands there belongs to others
			look.Reset(backgroundLook)
			return
		}
		look.Stop() // in the foreground nobody looks
		poke(k.back)
	}
	back()
	for {
		select {
		case <-k.stopped:
			k.suspend()
			back()
		case <-k.resumed:
			back()
		case <-k.away:
			back()
		case <-look.C:
			back()
		case <-k.resized:
			k.out.Resized()
		case <-k.quit:
			k.out.Hide()
			k.giveBack()
			signal.Reset(syscall.SIGQUIT)
			_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		case <-k.ended:
			return
		}
	}
}

// suspend stops devloop, as Ctrl-Z asks for, with the terminal's modes restored: not every shell does that
// itself. It returns when devloop continues.
func (k *keyboard) suspend() {
	if !isJob() { // the shell has gone, and could not continue it
		return
	}
	k.out.Hide()
	k.giveBack()
	select {
	case <-k.resumed: // from an earlier time
	default:
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // the runtime does not give SIGTSTP its default back
	select {
	case <-k.resumed:
	case <-k.ended:
	}
}

// isJob tells whether devloop is a job of a shell that sees it stop.
func isJob() bool {
	parent := os.Getppid()
	session, err := unix.Getsid(parent)
	own, errOwn := unix.Getsid(0)
	group, errGroup := unix.Getpgid(parent)
	return err == nil && errOwn == nil && errGroup == nil && session == own && group != unix.Getpgrp()
}

func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// read acts on keys until the keyboard is closed or the terminal is gone. It never waits in a read of the
// terminal, which would stop devloop when it is sent to the background.
func (k *keyboard) read(sleeper int) {
	for k.readable(sleeper) {
		if !foreground(k.tty) { // what was typed is for others
			poke(k.away)
			select {
			case <-k.back:
				continue
			case <-k.ended:
				return
			}
		}
		var key [1]byte
		n, err := unix.Read(k.tty, key[:])
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil || n != 1:
			return
		case !k.press(key[0]):
			return
		}
	}
}

// readable waits until the terminal has something to read, for any process. It is false when the keyboard
// is closed.
func (k *keyboard) readable(sleeper int) bool {
	for {
		var ready unix.FdSet
		ready.Set(k.tty)
		ready.Set(sleeper)
		_, err := unix.Select(max(k.tty, sleeper)+1, &ready, nil, nil, nil)
		if err != unix.EINTR {
			return err == nil && !ready.IsSet(sleeper)
		}
	}
}

// press acts on a key: what only the loop can do is a Request, carried out by its goroutine (loop.request), which
// may use the screen. It is false when the keyboard is closed.
func (k *keyboard) press(key byte) bool {
	var request orchestrator.Request
	switch key {
	case 'a':
		request.Verb = machine.Trigger
	case 'r':
		request.Verb = machine.Restart
	case 'q', 4: // Ctrl-D
		select {
		case k.signals <- os.Interrupt:
		case <-k.ended:
		}
		return true
	case '\r', '\n':
		k.out.Blank()
		return true
	case 't':
		k.fullScreen()
		return true
	case '?', 'h':
		k.out.Say("devloop", console.Plain, keyHelp)
		return true
	default:
		return true
	}
	select {
	case k.requests <- request:
		return true
	case <-k.ended:
		return false
	}
}

// fullScreen shows the loop on the whole screen. Nobody reads keys here meanwhile.
func (k *keyboard) fullScreen() {
	k.out.Hide()
	k.giveBack()
	if err := k.view(k.ended); err != nil {
		k.out.Say("devloop", console.Warn, "the full screen: "+err.Error())
	}
	k.take()
}

// raw is the modes in the system's form.
func raw(modes *unix.Termios) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(modes)), unsafe.Sizeof(*modes))
}
