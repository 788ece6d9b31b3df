// Package shim starts a command with a right LISTEN_PID: it sets the variable to the pid of its own process
// and then replaces that process by the command, which keeps the pid; it never forks, and opens nothing.
//
// Half of the servers that take sockets by systemd's protocol (libsystemd, go-systemd, gunicorn, Puma,
// Kestrel) want LISTEN_PID to be their own pid, and most of the others reject a wrong one. But the pid is
// known only after the fork, and Go can run nothing between fork and exec. So the program starts itself, and
// the second start becomes the command.
//
// The second start does not reach main. Go initialises packages in the order of their import paths, once what
// they import is ready (Go specification, "Program initialization"; since Go 1.21), so this one, which
// imports next to nothing and whose path begins with "devloop/", comes before everything from "github.com/",
// "golang.org/" or "gopkg.in/". Its init function looks at the arguments, and execs. That holds for every
// program that imports the package.
package shim

import (
	"os"
	"runtime"
)

// marker as the first argument asks for the shim; for people there is the adopt command.
const marker = "--devloop-internal-exec-with-listen-pid"

// Wrap is the command line that starts argv through the shim. self is the running program, which imports this
// package, or "" for Self: /proc/self/exe on Linux, which is the running program even if its file was
// replaced or removed, and os.Executable elsewhere. argv is returned unchanged if it is empty, or if the
// running program cannot be found: without the shim only LISTEN_PID is missing.
//
// /proc/self is the process that execs: start the command from the program itself, not through another one.
func Wrap(self string, argv []string) []string {
	if len(argv) == 0 {
		return argv
	}
	if self == "" {
		if self = Self(); self == "" {
			return argv
		}
	}
	return append([]string{self, marker}, argv...)
}

const procSelf = "/proc/self/exe"

// Self is how the running program starts itself, "" if unknown: see Wrap.
func Self() string {
	if runtime.GOOS == "linux" {
		if _, err := os.Lstat(procSelf); err == nil {
			return procSelf
		}
	}
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return self
}

// Error says why a command did not start.
type Error struct {
	Command string // as it was written
	Err     error  // a syscall.Errno, or errors.ErrUnsupported
}

func (e *Error) Error() string { return "start " + e.Command + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }
