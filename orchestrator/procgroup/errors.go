package procgroup

import (
	"errors"
	"fmt"
)

// The reasons why a command could not be started: each error of [Start] and each [Exit.Err] has one of these
// in its chain.
var (
	// ErrNotFound: no such program; a name without a slash is looked for in
	// the PATH of the command's own environment.
	ErrNotFound = errors.New("command not found")
	// ErrPermission: the file is there, and may not be executed.
	ErrPermission = errors.New("permission denied")
	// errDir: the working directory is missing, is no directory, or is closed
	// to this user.
	errDir = errors.New("cannot use the working directory")
	// errInterpreter: the program exists, but not the interpreter that its first line ("#!") or its ELF
	// header names.
	errInterpreter = errors.New("the program's interpreter is missing")
	// errFormat: the file is not a program for this machine.
	errFormat = errors.New("not a program that this machine can run")
	// errBusy: the program was open for writing all the time.
	errBusy = errors.New("the program is being written")
	// errStopped: the group was stopped while the start was waiting for the program to be written.
	errStopped = errors.New("stopped before it started")
)

// ErrUnsupported says that this system cannot do it. It is an [errors.ErrUnsupported].
var ErrUnsupported = fmt.Errorf("this system has no such operation: %w", errors.ErrUnsupported)

// errNotStarted is returned for a signal while the start is still waiting for the program to be written, see
// [Start].
var errNotStarted = errors.New("not started yet")
