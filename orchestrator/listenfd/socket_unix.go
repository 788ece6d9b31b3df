//go:build unix

package listenfd

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket is a bound socket that this process holds. Its methods may be called from several goroutines; after
// Close they return os.ErrClosed.
type Socket struct {
	spec Spec   // as opened, Port being the actual one
	addr string // "127.0.0.1:3000", "[::1]:3000", or the path

	// file owns the descriptor. It was blocking when the File was made and the File remembers that, so
	// File.Fd, and with it os/exec, never touches O_NONBLOCK. conn keeps the number ours during a system
	// call, even if Close is called.
	file *os.File
	conn syscall.RawConn

	reserve *os.File    // bound to the same port of ::1, for localhost; or nil
	path    sync.Mutex  // held while something is done at the path of a unix socket, which may have to wait for a disk
	made    fs.FileInfo // the socket file as we made it, for Unix; guarded by path
	parked  atomic.Int32
	closed  atomic.Bool
}

// CanWaitAccept says whether WaitAccept works on this system.
const CanWaitAccept = true

// Open binds what spec says, listens, and returns the socket, which the caller closes. An address that
// another process has is an *InUseError, any other failure to bind it a *bindError; both name the address,
// and not the socket.
func Open(spec Spec) (*Socket, error) {
	s := &Socket{spec: spec}
	var err error
	switch spec.Network {
	case TCP, UDP:
		err = s.openInet()
	case Unix:
		err = s.openPath()
	default:
		err = fmt.Errorf("bind %s: unknown network %q", spec, spec.Network)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// own makes fd, which is blocking, the descriptor of s.
func (s *Socket) own(fd int) error {
	s.file = os.NewFile(uintptr(fd), string(s.spec.Network)+":"+s.addr)
	var err error
	s.conn, err = s.file.SyscallConn()
	return err
}

// Name is the name in the Spec.
func (s *Socket) Name() string { return s.spec.Name }

// Network is the kind of the socket.
func (s *Socket) Network() Network { return s.spec.Network }

// Addr is the address that was bound, with the actual port: "127.0.0.1:3000" (also for localhost), "[::1]:3000", or the
// path.
func (s *Socket) Addr() string { return s.addr }

// Port is the actual port, 0 for Unix.
func (s *Socket) Port() int { return s.spec.Port }

// File is the descriptor, for os/exec's ExtraFiles. It is the same File each time and belongs to the Socket:
// do not close it, do not read from it, and do not make a net.Listener of it while a child holds the socket
// (net.FileListener sets O_NONBLOCK for all holders).
func (s *Socket) File() *os.File { return s.file }

// control runs do on the descriptor, which stays open meanwhile.
func (s *Socket) control(do func(fd int) error) error {
	var err error
	if s.conn.Control(func(fd uintptr) { err = do(int(fd)) }) != nil {
		return os.ErrClosed
	}
	return err
}

// maxBacklog asks for the longest possible queue: every kernel cuts it down to its current limit
// (net.core.somaxconn, kern.ipc.somaxconn).
const maxBacklog = math.MaxInt32

func (s *Socket) listen(fd int) error {
	backlog := s.spec.Backlog
	if backlog <= 0 {
		backlog = maxBacklog
	}
	return unix.Listen(fd, backlog)
}

// Refresh asks for the whole queue again, because a child that calls listen(2) itself (node wants 511,
// asyncio 100) sets the queue length for all holders. It also revives a TCP listener on which a child called
// shutdown(2). It may be called at any time.
//
// A unix socket whose file no longer exists, or which was shut down, is errLost.
//
// Of a unix socket, Refresh, Reset and Close may have to wait for a disk.
func (s *Socket) Refresh() error {
	s.path.Lock()
	defer s.path.Unlock()
	return s.refresh()
}

func (s *Socket) refresh() error {
	if s.spec.Network == UDP {
		return nil
	}
	err := s.control(func(fd int) error {
		if err := s.listen(fd); err != nil {
			if s.spec.Network == TCP {
				return s.bindFailure(s.addr, err) // shut down, and another process was quicker
			}
			return os.NewSyscallError("listen", err)
		}
		if s.spec.Network == Unix && (!s.fileIsOurs() || isHungUp(fd)) {
			return errLost
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("refresh %s: %w", s.addr, err)
	}
	return nil
}

// Reset makes the socket as good as new for the next generation: blocking, listening with the whole queue,
// without a TCP_DEFER_ACCEPT of the last one, and, for a unix socket that is errLost, a new socket behind the
// same path and the same descriptor number. The queue is kept, except that of a lost unix socket.
//
// Call it only while no other process holds the socket: the mode is shared with all holders, and a child
// would keep a lost socket.
func (s *Socket) Reset() error {
	s.path.Lock()
	defer s.path.Unlock()
	err := s.control(func(fd int) error {
		if s.spec.Network == Unix && (!s.fileIsOurs() || isHungUp(fd)) {
			if err := s.remake(fd); err != nil {
				return err
			}
		}
		if s.spec.Network == TCP {
			clearDeferAccept(fd)
		}
		if err := unix.SetNonblock(fd, false); err != nil {
			return os.NewSyscallError("fcntl", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reset %s: %w", s.addr, err)
	}
	return s.refresh()
}

// Close releases the address, unless a child still holds the socket, and removes a unix socket's file if it
// is still the one that Open made. Further calls do nothing.
func (s *Socket) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.path.Lock()
	defer s.path.Unlock()
	var removed error
	if s.spec.Network == Unix && s.fileIsOurs() {
		removed = os.Remove(s.spec.Path) // before the close, so that no client finds a dead file
	}
	if s.reserve != nil {
		_ = s.reserve.Close() // nothing was ever written to it
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", s.addr, err)
	}
	if removed != nil {
		return fmt.Errorf("close %s: %w", s.addr, removed)
	}
	return nil
}

// poll returns which of events the descriptor is ready for, without waiting.
func poll(fd int, events int16) (int16, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return fds[0].Revents, os.NewSyscallError("poll", err)
		}
	}
}

// isHungUp recognises a listener that was shut down: for unix sockets listen(2) succeeds all the same.
func isHungUp(fd int) bool {
	events, err := poll(fd, unix.POLLIN)
	return err == nil && events&unix.POLLHUP != 0
}
