//go:build linux || darwin || freebsd

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/termtest"
)

// attach runs devloop attach on a terminal of its own.
func attach(t *testing.T, rows, cols int, args ...string) *terminal {
	t.Helper()
	return onTerminal(t, rows, cols, append([]string{"attach"}, args...)...)
}

// onTerminal runs devloop on a terminal of its own.
func onTerminal(t *testing.T, rows, cols int, args ...string) *terminal {
	t.Helper()
	devloop := exec.Command(os.Args[0], args...)
	devloop.Args[0] = "devloop"
	return ownTerminal(t, rows, cols, devloop)
}

// ownTerminal runs a command on a terminal of its own; in its environment the
// test binary is devloop.
func ownTerminal(t *testing.T, rows, cols int, child *exec.Cmd) *terminal {
	t.Helper()
	child.Env = append(os.Environ(), asDevloop+"=1")
	return &terminal{t, termtest.Start(t, rows, cols, child)}
}

// terminal is a terminal with devloop on it.
type terminal struct {
	t *testing.T
	*termtest.Terminal
}

// ends waits for the end and looks whether the modes are as before.
func (x *terminal) ends(code int) {
	x.t.Helper()
	err := x.Child.Wait()
	if got := x.Child.ProcessState.ExitCode(); got != code {
		x.t.Errorf("devloop ended with %d, %v; want %d", got, err, code)
	}
	modes, err := unix.IoctlGetTermios(int(x.TTY.Fd()), getTermios)
	if err != nil || modes.Lflag&unix.ECHO == 0 || modes.Lflag&unix.ICANON == 0 {
		x.t.Errorf("the terminal's modes are not put back: %+v, %v", modes, err)
	}
}

// resized asks the program for its size until it is the new one: the signal of
// the window comes when it comes.
func resized(x *terminal) {
	x.t.Helper()
	for range 1000 {
		x.Press("again\r")
		if strings.Contains(x.Await(`\r\ngot again`), "50 111") {
			return
		}
	}
	x.t.Error("the new size never came")
}

// loopingApart runs a loop until the test ends, in a process of its own: a loop
// collects the orphans of its process, and takes for one whatever else that
// starts.
func loopingApart(t *testing.T) {
	t.Helper()
	loop := exec.Command(os.Args[0], "up")
	loop.Env = append(os.Environ(), asDevloop+"=1")
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if down := run([]string{"down"}, io.Discard, os.Stderr); down != exitOK {
			t.Errorf("down: %d", down)
			_ = loop.Process.Kill()
		}
		if err := loop.Wait(); err != nil {
			t.Errorf("the loop has ended: %v", err)
		}
	})
	untilAnswers(t)
}

func TestAttach(t *testing.T) {
	inProject(t, map[string]string{"devloop.yaml": `
processes:
  sh: {run: "echo begun; read a; while read a; do stty size; echo got $a; done", pty: true, restart: never}
  plain: {run: sleep 1000}
`})
	loopingApart(t)
	if code := run([]string{"wait"}, io.Discard, os.Stderr); code != exitOK { // sh has begun
		t.Fatalf("wait: %d", code)
	}
	x := attach(t, 41, 97, "sh")
	x.Await("this is the terminal of sh")
	x.Await("begun")
	x.Press("\r")
	x.Press("one\r")
	x.Await(`41 97\r\ngot one`)
	x.Resize(50, 111)
	resized(x)
	x.Press("\x1d")
	x.ends(exitOK)

	// Killed by a signal it puts the terminal back, too.
	x = attach(t, 24, 80, "sh")
	x.Await("got one") // what was shown last is shown again
	if err := x.Child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	x.ends(128 + int(syscall.SIGTERM))

	// It ends with the process.
	x = attach(t, 24, 80, "sh")
	x.Await("got one")
	x.Press("\x04")
	x.Await("sh has ended")
	x.ends(exitOK)

	for name, code := range map[string]int{"sh": exitFailed, "plain": exitUsage, "nobody": exitUsage} {
		x = attach(t, 24, 80, name)
		x.Await("devloop: error: ")
		x.ends(code)
	}
}

// TestTheTerminalIsPutBack: however devloop ends on a terminal, its modes are as
// before.
func TestTheTerminalIsPutBack(t *testing.T) {
	for keys, code := range map[string]int{"q": exitOK, "\x03": exitOK, "\x1c": 2} {
		t.Run(fmt.Sprintf("%q", keys), func(t *testing.T) {
			inProject(t, map[string]string{"devloop.yaml": "processes: {nap: {run: [sleep, '1000']}}\n"})
			t.Setenv("TERM", "xterm")
			x := onTerminal(t, 24, 80, "up")
			x.Await("started")
			x.Press("?")
			x.Await("keys: a runs all") // it reads keys
			x.Press(keys)
			x.ends(code)
		})
	}
}

// TestJobControl: a shell stops devloop, lets it run in the background, and
// brings it back. There it goes on, and here it reads keys again.
func TestJobControl(t *testing.T) {
	inProject(t, map[string]string{
		"devloop.yaml": "watchers: {check: {watch: page.txt, stages: [cat page.txt]}}\n",
		"page.txt":     "page one\n",
	})
	t.Setenv("TERM", "xterm")
	t.Setenv("DEVLOOP", os.Args[0])
	t.Setenv("PS1", "ready> ")
	t.Setenv("ENV", os.DevNull)
	x := ownTerminal(t, 24, 120, exec.Command("/bin/sh", "-im"))
	save := func(page string) {
		t.Helper()
		if err := os.WriteFile("page.txt", []byte(page+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		x.Await(`check +\| ` + page)
	}
	x.Await("ready> ")
	x.Press("$DEVLOOP up -v --color never\r")
	x.Await(`check +\| page one`)
	x.Press("?")
	x.Await("keys: a runs all") // it reads keys
	x.Press("\x1a")
	x.Await("ready> ")
	x.Press("bg\r")
	x.Await("ready> ")
	save("page two")
	x.Press("echo shell\r")    // what is typed is the shell's
	x.Await(`[\n\\]shell\r\n`) // devloop may write a title right before it
	save("page three")
	x.Press("fg\r?")
	x.Await("keys: a runs all")
	x.Press("q")
	x.Await("ready> ")

	x.Press("$DEVLOOP up -v --color never &\r")
	x.Await(`check +\| page three`)
	x.Press("echo shell\r")
	x.Await(`[\n\\]shell\r\n`) // devloop may write a title right before it
	x.Press("fg\r?")
	x.Await("keys: a runs all")
	x.Press("q")
	x.Await("ready> ")
	x.Press("exit\r")
	x.ends(exitOK)
}

// TestTheTerminalIsPutBackByTheGuardian: devloop is killed, and cannot do it any
// more. Modes that somebody has set since are theirs.
func TestTheTerminalIsPutBackByTheGuardian(t *testing.T) {
	if runtime.GOOS == "freebsd" {
		t.Skip("there is no guardian on this system")
	}
	inProject(t, map[string]string{"devloop.yaml": "processes: {nap: {run: 'exec sleep 1000 >held'}}\n"})
	if err := unix.Mkfifo("held", 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TERM", "xterm")
	for name, taken := range map[string]bool{"as devloop has set them": false, "as a shell has set them": true} {
		t.Run(name, func(t *testing.T) {
			x := onTerminal(t, 24, 80, "up")
			held, err := os.Open("held") // it waits for the command, and ends with it
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			x.Press("?")
			x.Await("keys: a runs all") // it reads keys
			fd := int(x.TTY.Fd())
			during, err := unix.IoctlGetTermios(fd, getTermios)
			if err != nil || during.Lflag&unix.ECHO != 0 {
				t.Fatalf("the modes are %+v, %v; want them without echo", during, err)
			}
			if taken {
				during.Cc[unix.VTIME] = 7
				if err := unix.IoctlSetTermios(fd, setTermios, during); err != nil {
					t.Fatal(err)
				}
			}
			if err := x.Child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := x.Child.Wait(); err == nil {
				t.Fatal("devloop was killed, and ended well")
			}
			// The guardian has been at the terminal when it begins to end commands.
			if _, err := io.Copy(io.Discard, held); err != nil {
				t.Fatal(err)
			}
			after, err := unix.IoctlGetTermios(fd, getTermios)
			switch {
			case err != nil:
				t.Fatal(err)
			case taken && *after != *during:
				t.Errorf("the modes are %+v, want them left alone: %+v", after, during)
			case !taken && (after.Lflag&unix.ECHO == 0 || after.Lflag&unix.ICANON == 0):
				t.Errorf("the terminal's modes are not put back: %+v", after)
			}
		})
	}
}
