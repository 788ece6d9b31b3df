//go:build linux || darwin || freebsd

package linefile

import (
	"errors"
	"os"
	"syscall"
)

// open opens a file, but not what a symbolic link leads to, nor anything that has to be waited for.
func open(path string, how int) (*os.File, error) {
	return os.OpenFile(path, how|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
}

// hold locks an open file until it is closed.
func hold(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
