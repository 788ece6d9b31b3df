//go:build linux || darwin || freebsd

package procgroup

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal: its own side belongs to the runtime's poller, so that closing it ends a read
// or write; the command's side blocks, as programs expect.
func openTerminal(size PTYSize) (t *Terminal, command *os.File, err error) {
	fail := func(err error) (*Terminal, *os.File, error) { return nil, nil, fmt.Errorf("open terminal: %w", err) }
	master, command, err := pty.Open()
	if err != nil {
		return fail(err)
	}
	ours := -1
	err = withDescriptors([]*os.File{master, command}, nil, func(fds []uintptr) error {
		if err := errors.Join(unix.SetNonblock(int(fds[0]), true), unix.SetNonblock(int(fds[1]), false)); err != nil {
			return err
		}
		ours, err = unix.FcntlInt(fds[0], unix.F_DUPFD_CLOEXEC, 3)
		return err
	})
	_ = master.Close() // pty.Open has taken this one from the poller
	if err != nil {
		closeAll([]*os.File{command})
		return fail(err)
	}
	own := os.NewFile(uintptr(ours), master.Name())
	if errors.Is(own.SetReadDeadline(time.Time{}), os.ErrNoDeadline) { // a system whose poller takes no terminals
		err = withDescriptors([]*os.File{own}, nil, func(fds []uintptr) error { return unix.SetNonblock(int(fds[0]), false) })
	}
	if err := errors.Join(err, setSize(own, size)); err != nil {
		closeAll([]*os.File{own, command})
		return fail(err)
	}
	return &Terminal{master: own}, command, nil
}

func setSize(f *os.File, size PTYSize) error {
	if size.Rows == 0 {
		size.Rows = 24
	}
	if size.Cols == 0 {
		size.Cols = 80
	}
	return withDescriptors([]*os.File{f}, nil, func(fds []uintptr) error {
		return unix.IoctlSetWinsize(int(fds[0]), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Cols})
	})
}

// deliver passes on what is written to the terminal until its last user is gone (Linux then says EIO, others
// end of file), or until the deadline that it gets when the group is gone.
func (t *Terminal) deliver(output func(Block), unfinished func([]byte)) {
	if output == nil {
		output = func(Block) {}
	}
	s := newSplitter(output)
	s.raw, s.open = t.record, unfinished
	readAll(t.master, s)
}
