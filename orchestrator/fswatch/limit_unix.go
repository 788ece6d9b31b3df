//go:build unix && !linux

package fswatch

import (
	"errors"
	"syscall"
)

// limited tells whether the error means that a limit was met, not that something is wrong with one directory.
func limited(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// watchRemedy: kqueue takes a descriptor for every file and directory that it watches.
func watchRemedy(error) string {
	return "this system takes an open file for every file in a watched directory, and half of those that devloop may have are left to everything else; raise the limit with `ulimit -n 65536` (and kern.maxfiles, kern.maxfilesperproc), or watch less"
}

func instanceRemedy(err error) string { return watchRemedy(err) }

// fileLimit is how many files the process may have open, where each watched file takes one; 0: unknown. Go
// has raised the limit to what is allowed.
func fileLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<20))
}

// staleWatch: no such error is known here.
func staleWatch(error) bool { return false }
