package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/listenfd/shim"
)

// detachedFlag marks the devloop that is the loop in the background. It is hidden.
const detachedFlag = "detached"

// startsIn is how long a loop in the background may take to answer. It first binds its sockets and looks at
// its files; after this time it hangs.
const startsIn = time.Minute

// startDetached starts the loop for this command line in the background, in a session of its own, and
// returns when it answers or has failed. Mistakes of the configuration have been reported by then.
func startDetached(a *app, config string) error {
	if who := control.Running(config); who != nil {
		return runError{who}
	}
	log, err := control.CreateLog(config)
	if err != nil {
		return runError{fmt.Errorf("start in the background: %w", err)}
	}
	defer log.Close()
	child := &exec.Cmd{Path: shim.Self(), Stdout: log, Stderr: log, SysProcAttr: ownSession()}
	child.Args = append([]string{os.Args[0], "--" + detachedFlag}, os.Args[1:]...)
	// Ctrl-C is for this program while it waits; the loop has left the terminal.
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer signal.Stop(interrupted)
	if err := child.Start(); err != nil {
		return runError{fmt.Errorf("start in the background: %w", err)}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = child.Wait() // ProcessState has it all
	}()
	look := time.NewTicker(10 * time.Millisecond) // nothing reports that a socket has appeared
	defer look.Stop()
	late := time.NewTimer(startsIn)
	defer late.Stop()
	for {
		select {
		case <-look.C:
			if answers(config, child.Process.Pid) {
				return printDetached(a.stdout, config, child.Process.Pid)
			}
		case <-ended:
			return failedDetached(a.stderr, log, child.ProcessState)
		case <-interrupted:
			return giveUp(child, ended, exitCode(exitInterrupted))
		case <-late.C:
			err := fmt.Errorf("start in the background: no answer after %s; the loop wrote %s", startsIn, log.Name())
			return giveUp(child, ended, runError{err})
		}
	}
}

// answers tells whether the loop with this pid answers.
func answers(config string, pid int) bool {
	client, err := control.Dial(config)
	if err != nil {
		return false
	}
	defer client.Close()
	ctx, cancel, _ := deadline(time.Second, "")
	defer cancel()
	s, err := client.Status(ctx)
	return err == nil && s.PID == pid
}

func printDetached(w io.Writer, config string, pid int) error {
	_, err := fmt.Fprintf(w, `devloop runs %[1]s in the background: pid %[2]d
  %[3]s logs -f    follow the output
  %[3]s status     see what it does
  %[3]s wait       wait until everything is done and ready
  %[3]s down       stop it
`, config, pid, control.Command(config))
	return err
}

// failedDetached shows the output of a loop that has ended at once.
func failedDetached(stderr io.Writer, log *os.File, end *os.ProcessState) error {
	const most = 64 << 10
	info, err := log.Stat()
	if err != nil {
		return runError{err}
	}
	text, err := io.ReadAll(io.NewSectionReader(log, max(0, info.Size()-most), most))
	if err != nil {
		return runError{fmt.Errorf("read the log of the loop: %w", err)}
	}
	if text = bytes.TrimRight(text, "\n"); len(text) > 0 {
		fmt.Fprintf(stderr, "%s\n", text)
	}
	control.DropLog(log)
	if code := end.ExitCode(); code > 0 {
		return exitCode(code)
	}
	return runError{fmt.Errorf("the loop in the background has ended: %v", end)}
}

// giveUp ends a loop that is not waited for any more.
func giveUp(child *exec.Cmd, ended <-chan struct{}, result error) error {
	_ = child.Process.Signal(os.Interrupt) // it may just have ended
	select {
	case <-ended:
	case <-time.After(startsIn):
		_ = child.Process.Kill()
		<-ended
	}
	return result
}

// mostLogged is how large the log of a loop in the background may grow. Its directory is often in memory;
// the loop itself keeps the output of commands, for `devloop logs`.
const mostLogged = 4 << 20

// logFile is the log of a loop in the background: it begins again when it is full, and ignores a full disk,
// which must not stop the loop. The runtime's last words go directly to the same file.
type logFile struct {
	file *os.File
	size int64
}

func (l *logFile) Write(b []byte) (int, error) {
	if l.size += int64(len(b)); l.size > mostLogged {
		l.size = int64(len(b))
		_ = l.file.Truncate(0) // see above
	}
	_, _ = l.file.Write(b)
	return len(b), nil
}
