//go:build !unix

package shim

import "errors"

// Exec replaces this process by a command: the system has no such call, and the error is an *Error.
func Exec(argv, _ []string) error {
	if len(argv) == 0 {
		argv = []string{"nothing"}
	}
	return &Error{Command: argv[0], Err: errors.ErrUnsupported}
}

// ExitCode is what a shell ends with when a command cannot be run.
func ExitCode(error) int { return 126 }
