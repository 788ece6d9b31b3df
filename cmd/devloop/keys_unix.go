//go:build linux || darwin || freebsd

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
	"devloop/orchestrator/console"
	"devloop/orchestrator/machine"
)

// readsKeys: what the terminal tells of itself is read with the keys.
const readsKeys = true

// keyboard reads single keys from the terminal while devloop is in its foreground. A shell takes the
// terminal and gives it back at any time (Ctrl-Z, bg, fg, &); a process that reads it meanwhile is stopped.
type keyboard struct {
	tty            int
	before, during unix.Termios
	out            *console.Console
	departure
	busy     atomic.Bool // another program has the terminal
	requests chan orchestrator.Request
	typed    *string // the text of a filter that is being typed; nil: keys are commands

	stopped, resumed, quit, resized chan os.Signal

	away, back chan struct{} // each holds one: devloop has left the foreground, or is there again
	ended      chan struct{}
	wake       *os.File // closed to end a wait for keys
	joined     sync.WaitGroup
}

// readKeys reads single keys while devloop has the terminal. restore restores the terminal's modes; after a
// sudden end the guardian does, where there is one.
//
// ends are the signals that end the loop; they go to signals.
func readKeys(screen *audience, out *console.Console, signals chan<- os.Signal, ends []os.Signal, config string) (requests <-chan orchestrator.Request, changed *orchestrator.Terminal, restore func()) {
	nothing := func() {}
	if !isTerminal(screen.Writer) || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
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
		tty: tty, before: *before, out: out, requests: make(chan orchestrator.Request),
		stopped: make(chan os.Signal, 1), resumed: make(chan os.Signal, 1), quit: make(chan os.Signal, 1), resized: make(chan os.Signal, 1),
		departure: departure{config: config, screen: screen, signals: signals, ends: ends, ending: make(chan os.Signal, 1), hangup: make(chan os.Signal, 1)},
		away:      make(chan struct{}, 1), back: make(chan struct{}, 1), ended: make(chan struct{}), wake: wake,
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
	signal.Notify(k.ending, ends...)
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
	if k.busy.Load() {
		return true // it sets its own modes
	}
	if !foreground(k.tty) || unix.IoctlSetTermios(k.tty, setTermios, &k.during) != nil {
		return false
	}
	if k.left.Swap(false) { // the shell's fg
		k.screen.back()
		k.heed(k.ends)
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
	signal.Stop(k.ending)
	signal.Stop(k.hangup)
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
		case <-k.ending:
			_ = k.wake.Close() // what is typed now is the shell's; twice does no harm
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
		switch key, err := k.next(); {
		case err == unix.EINTR || err == unix.EAGAIN:
		case err != nil:
			return
		case key == escape && k.sequence():
		case !k.press(key):
			return
		}
	}
}

// next reads a byte, and no more: what is typed ahead when devloop ends is the shell's.
func (k *keyboard) next() (key byte, err error) {
	var buf [1]byte
	switch n, err := unix.Read(k.tty, buf[:]); {
	case err != nil:
		return 0, err
	case n != 1:
		return 0, io.EOF
	}
	return buf[0], nil
}

const escape, backspace, killLine = 0x1b, 0x7f, 0x15

// sequence reads the rest of what a key such as an arrow sends after an escape, or of what the terminal tells of its
// focus. It is false for the Escape key.
func (k *keyboard) sequence() bool {
	var first byte
	for i := 0; ; i++ {
		var ready unix.FdSet
		ready.Set(k.tty)
		if n, err := unix.Select(k.tty+1, &ready, nil, nil, &unix.Timeval{}); err != nil || n == 0 {
			return i > 0
		}
		key, err := k.next()
		if i == 0 {
			first = key
		} else if i == 1 && first == '[' && (key == 'I' || key == 'O') {
			k.out.Focus(key == 'I')
		}
		if err != nil || (i > 0 || key != '[' && key != 'O') && key >= '@' || i == 0 && key != '[' && key != 'O' {
			return true
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

// keyHelp says what the keys do, in lines for a terminal of 80 columns.
const keyHelp = `keys: a runs all · f what failed · r restarts · p pauses watching
1-9 that node's output · / lines with a text · ! failures · 0 all
Enter the output of what failed · e edits the first problem · c copies it
o opens the address · t takes the full screen · q quits · ? helps`

// press acts on a key: what only the loop can do is a Request, carried out by its goroutine (loop.request), which
// may use the screen. It is false when no key is to be read any more.
func (k *keyboard) press(key byte) bool {
	if k.typed != nil {
		k.filter(key)
		return true
	}
	switch key {
	case 'a':
		return k.ask(orchestrator.Request{Verb: machine.Trigger})
	case 'r':
		return k.ask(orchestrator.Request{Verb: machine.Restart})
	case orchestrator.KeyFailed, orchestrator.KeyPause, '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return k.ask(orchestrator.Request{Key: key})
	case '\r', '\n':
		return k.ask(orchestrator.Request{Key: orchestrator.KeyOutput})
	case orchestrator.KeyProblem, 'c', orchestrator.KeyOpen:
		k.find(key)
	case 'q', 4: // Ctrl-D
		select {
		case k.signals <- os.Interrupt:
		case <-k.ended:
		}
		return false // what follows is the shell's
	case '0', escape:
		k.out.Filter(nil)
	case '!':
		k.out.Filter(&console.Filter{Failures: true})
	case '/':
		k.typed = new(string)
		k.out.Prompt("/")
	case 't':
		k.giveTo(viewOf(k.config), "the full screen")
	case '?', 'h':
		k.out.Say("devloop", console.Plain, keyHelp)
	}
	return true
}

// ask passes a request to the loop. It is false when the keyboard is closed.
func (k *keyboard) ask(r orchestrator.Request) bool {
	select {
	case k.requests <- r:
		return true
	case <-k.ended:
		return false
	}
}

// filter takes in a key of the text of a filter.
func (k *keyboard) filter(key byte) {
	text := *k.typed
	switch key {
	case '\r', '\n':
		k.typed = nil
		if k.out.Filter(nil); text != "" {
			k.out.Filter(&console.Filter{Text: text})
		}
		return
	case escape:
		k.typed = nil
		k.out.Prompt("")
		return
	case backspace, '\b':
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	case killLine:
		text = ""
	default:
		if key >= ' ' {
			text += string([]byte{key})
		}
	}
	k.typed = &text
	k.out.Prompt("/" + text)
}

// find asks the loop for what a key needs, and does it.
func (k *keyboard) find(key byte) {
	found := make(chan orchestrator.Found, 1)
	request := orchestrator.Request{Key: key, Found: found}
	if key == 'c' {
		request.Key = orchestrator.KeyProblem
	}
	if !k.ask(request) {
		return
	}
	var f orchestrator.Found
	select {
	case f = <-found:
	case <-k.ended:
		return
	}
	var err error
	switch p := f.Problem; {
	case key == orchestrator.KeyOpen && f.URL == "":
		err = errors.New("no process serves an address")
	case key == orchestrator.KeyOpen:
		err = browse(f.URL)
	case p == nil:
		err = errors.New("no place in a file is known of what failed; Enter shows the output")
	case key == 'c':
		k.copy(fmt.Sprintf("%s:%d:%d: %s", shorter(p.File), p.Line, max(p.Column, 1), p.Message))
	default:
		err = k.edit(p.File, p.Line, p.Column)
	}
	if err != nil {
		k.out.Say("devloop", console.Plain, err.Error())
	}
}

// copy puts a text into the clipboard of the terminal, and of tmux, which by default passes on nothing else.
func (k *keyboard) copy(text string) {
	if os.Getenv("TMUX") != "" {
		load := exec.Command("tmux", "load-buffer", "-w", "-")
		load.Stdin = strings.NewReader(text)
		_ = load.Run() // the terminal may take it
	}
	k.out.Copy(text)
	k.out.Say("devloop", console.Plain, "copied "+text)
}

// edit opens a file in the editor: in the editor's own window, or on this terminal.
func (k *keyboard) edit(file string, line, column int) error {
	cmd, err := editorAt(file, line, column)
	switch {
	case err != nil:
		return err
	case hasWindow(editor(os.Getenv)):
		return launch(cmd)
	}
	k.giveTo(cmd, "the editor")
	return nil
}

// giveTo lets a program have the terminal. Nobody reads keys here meanwhile.
func (k *keyboard) giveTo(cmd *exec.Cmd, what string) {
	k.out.Hide()
	k.giveBack()
	k.busy.Store(true)
	err := k.screen.lend(cmd, k.ended)
	k.busy.Store(false)
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == exitLeft {
		if err := k.leave(); err != nil {
			k.out.Say("devloop", console.Warn, err.Error())
		}
	} else if err != nil && !errors.As(err, new(*exec.ExitError)) {
		k.out.Say("devloop", console.Warn, what+": "+err.Error())
	}
	k.take()
}

// raw is the modes in the system's form.
func raw(modes *unix.Termios) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(modes)), unsafe.Sizeof(*modes))
}
