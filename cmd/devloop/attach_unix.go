//go:build linux || darwin || freebsd

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"devloop/orchestrator/control"
)

// detachKey is Ctrl-], as in telnet and virsh console: no debugger uses it.
const detachKey = 0x1d

// resetModes ends what a program may have switched on in the terminal and left so:
// colours, a hidden cursor, mouse reports, bracketed paste, application keys.
const resetModes = "\x1b[0m\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>"

func attachCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "attach NAME",
		Short: "Connect to the terminal of a process, such as a debugger",
		Long: `attach connects this terminal to that of a process with "pty: true". All keys go to
the process, Ctrl-C too. Ctrl-] detaches, and the process goes on. attach ends when the
process ends. Exit code 3 if no loop is running.`,
		Example:           "  devloop attach server",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.nodeNames("process"),
		RunE: func(_ *cobra.Command, names []string) error {
			client, ctx, done, err := a.dial(context.Background())
			if err != nil {
				return err
			}
			defer done()
			tty := int(os.Stdin.Fd())
			if !term.IsTerminal(tty) || !isTerminal(a.screen) {
				return usageError{errors.New("attach needs a terminal; `devloop logs -f` needs none"), "devloop attach"}
			}
			there, err := client.Attach(ctx, names[0])
			if err != nil {
				return answered(err)
			}
			defer func() { _ = there.Close() }() // it may have ended
			return attached(a, there, tty, names[0])
		},
	}
}

// attached joins two terminals until the user detaches, or the other one ends. It always restores the modes
// of this one.
func attached(a *app, there *control.Attachment, tty int, name string) error {
	fmt.Fprintf(a.screenErr, "devloop: this is the terminal of %s; Ctrl-] detaches\n", name)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGWINCH)
	defer signal.Stop(signals)
	before, err := term.MakeRaw(tty)
	if err != nil {
		return runError{fmt.Errorf("set the terminal's modes: %w", err)}
	}
	screen := &screen{out: a.screen}
	defer func() {
		screen.leave()
		_ = term.Restore(tty, before) // a terminal that has hung up has no modes
	}()
	resize := func() error {
		cols, rows, err := term.GetSize(tty)
		if err != nil {
			return nil // it has none
		}
		return there.Resize(rows, cols)
	}
	if err := resize(); err != nil {
		return runError{err}
	}
	over := make(chan error, 2)
	go func() {
		_, err := io.Copy(screen, there)
		over <- err
	}()
	go func() { over <- typed(there, os.Stdin) }() // it ends with the program: a read of a terminal cannot be interrupted
	for {
		select {
		case sig := <-signals:
			if sig != syscall.SIGWINCH {
				return exitCode(128 + int(sig.(syscall.Signal)))
			}
			_ = resize() // the copy reports it if the connection is gone
		case err := <-over:
			_ = there.Close()
			switch {
			case errors.Is(err, errDetached):
				return nil
			case err == nil, errors.Is(err, net.ErrClosed), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
				defer fmt.Fprintf(a.screenErr, "\r\ndevloop: %s has ended\r\n", name)
				return nil
			}
			return runError{err}
		}
	}
}

// errDetached is how typed ends when the user detaches.
var errDetached = errors.New("detached")

// typed sends what is typed, up to the key that detaches.
func typed(there io.Writer, keys io.Reader) error {
	buf := make([]byte, 4096)
	for {
		n, err := keys.Read(buf)
		text, _, detach := bytes.Cut(buf[:n], []byte{detachKey})
		if len(text) > 0 {
			if _, err := there.Write(text); err != nil {
				return err
			}
		}
		switch {
		case detach || errors.Is(err, io.EOF):
			return errDetached
		case err != nil:
			return fmt.Errorf("read the terminal: %w", err)
		}
	}
}

// screen is this side's terminal. It knows whether the program has switched to the alternate screen, to
// leave that at the end.
type screen struct {
	out       io.Writer
	alternate bool
}

func (s *screen) Write(p []byte) (int, error) {
	on, off := bytes.LastIndex(p, []byte("\x1b[?1049h")), bytes.LastIndex(p, []byte("\x1b[?1049l"))
	if on != off {
		s.alternate = on > off
	}
	return s.out.Write(p)
}

func (s *screen) leave() {
	text := resetModes
	if s.alternate {
		text = "\x1b[?1049l" + text
	}
	_, _ = io.WriteString(s.out, text+"\r\n") // a terminal that has hung up shows nothing
}
