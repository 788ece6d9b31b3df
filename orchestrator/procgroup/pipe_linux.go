package procgroup

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is four times what a pipe holds by default: a command that writes
// much is woken less often. Users without privileges may have 64 MiB of pipes
// before new ones become small (pipe-user-pages-soft in pipe(7)).
const pipeSize = 256 << 10

// widen makes the pipe hold more where that is allowed.
func widen(w *os.File) {
	_ = withDescriptors([]*os.File{w}, nil, func(fds []uintptr) error {
		_, err := unix.FcntlInt(fds[0], unix.F_SETPIPE_SZ, pipeSize)
		return err // not allowed: it works as it is
	})
}
