package procgroup

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is four times the default size of a pipe, so that a command that writes much is woken less often.
// Without privileges a user may have 64 MiB of pipes before new ones become small (pipe-user-pages-soft in
// pipe(7)).
const pipeSize = 256 << 10

// widen enlarges the pipe if that is allowed.
func widen(w *os.File) {
	_ = withDescriptors([]*os.File{w}, nil, func(fds []uintptr) error {
		_, err := unix.FcntlInt(fds[0], unix.F_SETPIPE_SZ, pipeSize)
		return err // not allowed: it works without
	})
}
