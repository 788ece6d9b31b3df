package output

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// widen makes a pipe hold size bytes; see F_SETPIPE_SZ in fcntl(2).
func widen(w *os.File, size int) error {
	raw, err := w.SyscallConn()
	if err != nil {
		return fmt.Errorf("open pipe: %w", err)
	}
	var set error
	if err := raw.Control(func(fd uintptr) { _, set = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, size) }); err != nil {
		return fmt.Errorf("open pipe: %w", err)
	}
	return set
}
