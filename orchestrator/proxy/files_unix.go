//go:build unix

package proxy

import "syscall"

// OpenFiles is how many files this process may have open; 0: unknown. Go has raised the limit to what is
// allowed.
func OpenFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<20))
}
