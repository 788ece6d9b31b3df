// Package control is the interface to a running loop: one private unix socket per configuration file, HTTP
// and JSON over it, and the lock that makes the loop the only one. It defines the messages and who may send
// them; it does not know the loop that answers.
//
// Nothing here listens on a network. The socket is in a directory that only its owner can enter, and a
// connection of another user is closed unread.
package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"devloop/orchestrator/proctable"
)

// ErrNotRunning means that no loop runs for the configuration.
var ErrNotRunning = errors.New("no loop is running")

// notRunning is ErrNotRunning, for a configuration.
type notRunning struct {
	config string
	log    string // of a loop in the background that ended badly, or ""
}

func (e notRunning) Error() string { return ErrNotRunning.Error() + " for " + e.config }

// Hint says what to do about it.
func (e notRunning) Hint() string {
	devloop := Command(e.config)
	if e.log != "" {
		return "the last one in the background failed; its log is " + e.log + "; `" + devloop + " up -d` starts another"
	}
	return "start one with `" + devloop + "`, or in the background with `" + devloop + " up -d`"
}

// Command is how to call devloop for a configuration, from here: with -f, unless it is the one that is found
// without.
func Command(config string) string {
	file, err := filepath.Abs(config)
	here, errHere := os.Getwd()
	if err != nil || errHere != nil || filepath.Base(file) != "devloop.yaml" {
		return "devloop -f " + config
	}
	below, err := filepath.Rel(filepath.Dir(file), here)
	if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return "devloop -f " + config
	}
	return "devloop"
}

func (e notRunning) Unwrap() error { return ErrNotRunning }

// ErrUnsupported is what Acquire and Dial return where the system does not identify the other end of a unix
// socket. It wraps errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("no control socket on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// RunningError says that a loop runs for the configuration already.
type RunningError struct {
	Config string    // its file
	PID    int       // 0 if it could not be read
	Since  time.Time // zero if it could not be read
}

func (e *RunningError) Error() string {
	text := "a loop is already running for " + e.Config
	if e.PID == 0 {
		return text
	}
	since := e.Since.Local().Format("15:04:05")
	switch {
	case e.Since.IsZero():
		return fmt.Sprintf("%s: pid %d", text, e.PID)
	case time.Since(e.Since) > 12*time.Hour:
		since = e.Since.Local().Format("2006-01-02 15:04")
	}
	return fmt.Sprintf("%s: pid %d, since %s", text, e.PID, since)
}

// Hint says what to do about it: a sentence without a full stop.
func (e *RunningError) Hint() string {
	devloop := Command(e.Config)
	return fmt.Sprintf("`%[1]s view` shows it on the whole screen, `%[1]s logs -f` follows its output, `%[1]s status` says what it does, `%[1]s down` stops it", devloop)
}

// Suspended tells whether the process is stopped, as by Ctrl-Z; false where the system does not tell.
func (e *RunningError) Suspended() bool {
	p, ok := proctable.Read(e.PID)
	return ok && p.Stopped
}

// silentError: a loop holds the lock but does not listen.
type silentError struct{ *RunningError }

func (e silentError) Error() string { return e.RunningError.Error() + ", but it does not respond" }

// Hint says what to do about it.
func (e silentError) Hint() string {
	return "it is just starting or stopping, or it has no control socket, which it reported at its start"
}

func (e silentError) Unwrap() error { return e.RunningError }
