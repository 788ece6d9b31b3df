//go:build unix

package procgroup

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// drainLimit is as much as a pipe can hold; see pipe(7).
const drainLimit = 1 << 20

// outputPipe makes a pipe whose reading end belongs to the runtime's poller, so that it can have a deadline,
// and whose writing end blocks, as programs expect of their standard output.
func outputPipe() (r, w *os.File, err error) {
	r, w, err = os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	widen(w)
	err = withDescriptors([]*os.File{w}, nil, func(fds []uintptr) error {
		return unix.SetNonblock(int(fds[0]), false)
	})
	if err != nil {
		closeAll([]*os.File{r, w})
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	return r, w, nil
}

// pipeNumber is the pipe's inode number; false if there is none.
func pipeNumber(r *os.File) (number uint64, ok bool) {
	if r == nil {
		return 0, false
	}
	info, err := r.Stat()
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Ino, true
}

// isHeld tells whether some process has the writing end of r open.
func isHeld(r *os.File) bool {
	if r == nil {
		return false
	}
	held := false
	_ = withDescriptors([]*os.File{r}, nil, func(fds []uintptr) error { // closed: everything was read
		p := []unix.PollFd{{Fd: int32(fds[0]), Events: unix.POLLIN}}
		_, err := ignoringEINTR(func() (int, error) { return unix.Poll(p, 0) })
		held = err == nil && p[0].Revents&unix.POLLHUP == 0
		return nil
	})
	return held
}

// deliver passes what it reads from r to output until no process can write any more, or until the deadline
// that r gets when the group is gone. It closes r.
func deliver(r *os.File, output func(Block), unfinished func([]byte)) {
	s := newSplitter(output)
	s.open = unfinished
	readAll(r, s)
	_ = r.Close() // only ever read from
}

func readAll(r *os.File, s *splitter) {
	for {
		n, err := r.Read(s.space())
		s.advance(n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			drain(r, s)
		}
		if err != nil {
			break
		}
	}
	s.finish()
}

// drain takes what the pipe holds without waiting for more: the deadline may have passed while output was
// busy with what the group wrote before it ended. A process that still holds the pipe may be writing all the
// time, so it takes at most one pipe full.
func drain(r *os.File, s *splitter) {
	_ = withDescriptors([]*os.File{r}, nil, func(fds []uintptr) error {
		for left := drainLimit; left > 0; {
			space := s.space()
			n, err := ignoringEINTR(func() (int, error) { return unix.Read(int(fds[0]), space[:min(len(space), left)]) })
			if n <= 0 || err != nil {
				return err
			}
			s.advance(n)
			left -= n
		}
		return nil
	})
}
