package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"devloop/cmd/devloop/view"
	"devloop/orchestrator/console"
	"devloop/orchestrator/listenfd/shim"
)

// mostKept is how much is kept of what is written while something else is on the screen.
const mostKept = 64 << 20

// audience is a screen that reports when it is not read any more: a loop that nobody sees ends, as if it
// had been told to. While something else is on it, what is written is kept in a file; while devloop has left it, nothing
// is shown.
type audience struct {
	io.Writer
	gone chan<- os.Signal
	once sync.Once // twice would end it at once

	mu   sync.Mutex // guards what follows
	kept *os.File   // nil: nothing else is on the screen
	size int64      // of kept
	lost int        // lines that are not in it
	left bool       // to the shell
}

func (a *audience) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left {
		a.lost += bytes.Count(p, []byte{'\n'})
		return len(p), nil
	}
	if a.kept != nil {
		if a.size += int64(len(p)); a.size < mostKept {
			if _, err := a.kept.Write(p); err == nil {
				return len(p), nil
			}
		}
		a.lost += bytes.Count(p, []byte{'\n'})
		return len(p), nil
	}
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

// view is the command that shows the loop of the configuration on the whole screen.
func viewOf(config string) *exec.Cmd {
	return &exec.Cmd{Path: shim.Self(), Args: []string{os.Args[0], "view", "--file", config, "--" + overStreamFlag, fmt.Sprintf("--%s=%v", jobFlag, isJob())}}
}

// lend gives the screen to a command until that ends, which it is told to when over is closed. What is
// written meanwhile comes after it.
func (a *audience) lend(cmd *exec.Cmd, over <-chan struct{}) (err error) {
	kept, err := os.CreateTemp("", "devloop-screen-")
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := os.Remove(kept.Name()); err != nil { // so that it goes with this process
		return err
	}
	a.mu.Lock()
	a.kept, a.size, a.lost = kept, 0, 0
	a.mu.Unlock()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, fileOf(a.Writer), os.Stderr
	if err = cmd.Start(); err == nil {
		left := make(chan struct{})
		go func() {
			select {
			case <-over:
				_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			case <-left:
			}
		}()
		err = cmd.Wait()
		close(left)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = nil
	if cmd.ProcessState != nil && !cmd.ProcessState.Exited() {
		_, _ = io.WriteString(a.Writer, view.Reset) // see below
	}
	if a.left = cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == exitLeft; a.left {
		_, _ = io.WriteString(a.Writer, console.ResetStatus) // the title is the shell's again
		return err
	}
	_, _ = kept.Seek(0, io.SeekStart) // a file can be read again
	_, _ = io.Copy(a.Writer, kept)    // the next line reports that nobody reads
	a.reportLost()
	return err
}

// reportLost says how much is not shown.
func (a *audience) reportLost() {
	if a.lost > 0 {
		fmt.Fprintf(a.Writer, "devloop | %s not shown here; `devloop logs` has the last ones\n", console.Count(a.lost, "line"))
	}
	a.lost = 0
}

// back shows again what is written, after devloop had left.
func (a *audience) back() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = false
	a.reportLost()
}
