//go:build unix

package procgroup

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// withDescriptors calls f with the descriptors of files, which stay open during the call. It uses SyscallConn
// because File.Fd changes the file's flags.
func withDescriptors(files []*os.File, fds []uintptr, f func([]uintptr) error) error {
	if len(files) == 0 {
		return f(fds)
	}
	conn, err := files[0].SyscallConn()
	if err != nil {
		return fmt.Errorf("pass file: %w", err)
	}
	var inner error
	if err := conn.Control(func(fd uintptr) {
		inner = withDescriptors(files[1:], append(fds, fd), f)
	}); err != nil { // only because it is closed, and its error is a private one
		return fmt.Errorf("pass file %s: %w", files[0].Name(), os.ErrClosed)
	}
	return inner
}

// duplicate makes copies that stay open when the caller closes its own. They share the flags with the
// originals.
func duplicate(files []*os.File) ([]*os.File, error) {
	var copies []*os.File
	err := withDescriptors(files, nil, func(fds []uintptr) error {
		for i, fd := range fds {
			n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
			if err != nil {
				return fmt.Errorf("pass descriptor: %w", err)
			}
			copies = append(copies, os.NewFile(uintptr(n), files[i].Name()))
		}
		return nil
	})
	if err != nil {
		closeAll(copies)
		return nil, err
	}
	return copies, nil
}
