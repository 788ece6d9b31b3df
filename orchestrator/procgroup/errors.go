package procgroup

import (
	"errors"
	"fmt"
)

// Why a command could not be started: one of these is in the chain of each
// error of [Start], of [Exit.Err], or of both.
var (
	// ErrNotFound: no such program; a name without a slash is looked for in
	// the PATH of the command's own environment.
	ErrNotFound = errors.New("command not found")
	// ErrPermission: the file is there, and may not be executed.
	ErrPermission = errors.New("permission denied")
	// errDir: the working directory is missing, is no directory, or is closed
	// to this user.
	errDir = errors.New("cannot use the working directory")
	// errInterpreter: the program is there, and what its first line ("#!") or
	// its ELF header names to run it is not.
	errInterpreter = errors.New("the program's interpreter is missing")
	// errFormat: the file is no program for this machine.
	errFormat = errors.New("not a program that this machine can run")
	// errBusy: the program was open for writing all the time.
	errBusy = errors.New("the program is being written")
	// errStopped: the start was waiting for the program to be written, and the
	// group was stopped before it began.
	errStopped = errors.New("stopped before it started")
)

// ErrUnsupported is what this system cannot do. It is an [errors.ErrUnsupported].
var ErrUnsupported = fmt.Errorf("this system has no such operation: %w", errors.ErrUnsupported)

// errNotStarted is the answer to a signal while the start is still waiting for
// the program to be written, see [Start].
var errNotStarted = errors.New("not started yet")
