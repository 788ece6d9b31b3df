package sdnotify

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// sender is who sent a message, as the kernel says (SCM_CREDENTIALS of
// unix(7)): a process cannot claim another's identity, except for root.
type sender struct {
	pid, uid int
	known    bool
}

// wantCredentials makes the kernel add the sender to every message, also of
// those that send none.
func wantCredentials(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
}

func (s *sender) read(part *unix.SocketControlMessage) error {
	if part.Header.Type != unix.SCM_CREDENTIALS {
		return nil
	}
	cred, err := unix.ParseUnixCredentials(part)
	if err != nil {
		return fmt.Errorf("read the sender's credentials: %w", err)
	}
	s.pid, s.uid, s.known = int(cred.Pid), int(cred.Uid), true
	return nil
}

// check lets this user's processes and root's speak.
func (s sender) check() error {
	if !s.known {
		return fmt.Errorf("the kernel does not say who sent it")
	}
	if s.uid != 0 && s.uid != os.Geteuid() {
		return fmt.Errorf("it comes from uid %d (pid %d)", s.uid, s.pid)
	}
	return nil
}
