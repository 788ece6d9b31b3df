//go:build unix && !linux

package fswatch

import (
	"errors"
	"syscall"
)

// limited says whether the error means that a limit was met, not that something is wrong with one directory.
func limited(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// watchRemedy: kqueue takes a descriptor for every file and directory that it watches.
func watchRemedy(error) string {
	return "this system takes a file descriptor for every watched file; raise the limit with `ulimit -n 65536` (and kern.maxfiles, kern.maxfilesperproc), or watch less"
}

func instanceRemedy(err error) string { return watchRemedy(err) }

// staleWatch: no such error is known here.
func staleWatch(error) bool { return false }
