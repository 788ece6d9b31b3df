//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package procgroup

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// waitLeader returns when the leader has ended; it is not reaped then. waitid does not do: on macOS it also
// returns when a process was only stopped.
func (t *tree) waitLeader() error {
	kq, err := unix.Kqueue()
	if err != nil {
		return fmt.Errorf("wait for process: %w", err)
	}
	defer unix.Close(kq)
	unix.CloseOnExec(kq)
	var watch, event [1]unix.Kevent_t
	unix.SetKevent(&watch[0], t.pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	watch[0].Fflags = unix.NOTE_EXIT
	_, err = ignoringEINTR(func() (int, error) { return unix.Kevent(kq, watch[:], event[:], nil) })
	if errors.Is(err, unix.ESRCH) {
		return nil // a zombie already: nobody else can have collected it
	}
	return err
}
