//go:build unix

package listenfd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxPath is how long the path of a socket may be: 107 bytes on Linux, 103 on the BSDs and macOS, without the final NUL.
const maxPath = len(unix.RawSockaddrUnix{}.Path) - 1

// defaultMode of a socket file: the owner's only.
const defaultMode = 0o600

func (s *Socket) openPath() error {
	fd, err := s.bindPath()
	if err != nil {
		return err
	}
	s.addr = s.spec.Path
	return s.own(fd)
}

// bindPath binds and listens, and records the socket file in s.made.
func (s *Socket) bindPath() (fd int, err error) {
	path := s.spec.Path
	switch {
	case path == "":
		return -1, errors.New("a unix socket needs a path")
	case strings.ContainsRune(path, 0):
		return -1, &bindError{Addr: path, Err: errors.New("the path contains a NUL")}
	case len(path) > maxPath:
		return -1, &bindError{Addr: path,
			Err:  fmt.Errorf("the path has %d bytes, a unix socket's may have %d", len(path), maxPath),
			hint: "use a shorter path, as /tmp/NAME.sock"}
	}
	defer lockDir(filepath.Dir(path))()
	if err := clearPath(path); err != nil {
		return -1, err
	}
	fd, err = newSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(fd, pathSockaddr(path)); err != nil {
		_ = unix.Close(fd)
		return -1, pathError(path, err)
	}
	// No client can connect before listen, so the permissions are set in time without changing the umask of
	// the whole process.
	mode := s.spec.Mode.Perm()
	if mode == 0 {
		mode = defaultMode
	}
	if err = os.Chmod(path, mode); err == nil {
		s.made, err = os.Lstat(path)
	}
	if err == nil {
		err = os.NewSyscallError("listen", s.listen(fd))
	}
	if err != nil {
		_ = unix.Close(fd)
		_ = os.Remove(path)
		return -1, &bindError{Addr: path, Err: err}
	}
	return fd, nil
}

// pathSockaddr keeps a path that begins with @ from becoming Linux's abstract namespace.
func pathSockaddr(path string) *unix.SockaddrUnix {
	if strings.HasPrefix(path, "@") {
		path = "./" + path
	}
	return &unix.SockaddrUnix{Name: path}
}

// fileIsOurs tells whether the path still leads to the file that we made. A bound socket keeps its inode
// alive, so the number is not given to another file while we hold it.
func (s *Socket) fileIsOurs() bool {
	now, err := os.Lstat(s.spec.Path)
	return err == nil && os.SameFile(now, s.made)
}

// remake puts a new socket behind the path and the descriptor.
func (s *Socket) remake(fd int) error {
	if s.fileIsOurs() {
		if err := os.Remove(s.spec.Path); err != nil {
			return err
		}
	}
	fresh, err := s.bindPath()
	if err != nil {
		return err
	}
	defer unix.Close(fresh)
	return os.NewSyscallError("dup", replaceFD(fresh, fd))
}

// clearPath removes a socket file that no process serves, and explains anything else at that path.
func clearPath(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return &bindError{Addr: path, Err: err}
	case info.Mode()&os.ModeSocket == 0:
		return &bindError{Addr: path, Err: fmt.Errorf("%s is in the way", kindOf(info)),
			hint: "only a socket that nobody serves is replaced; remove it, or use another path"}
	}
	holder, err := askPath(path)
	switch err {
	case nil, unix.EAGAIN, unix.EINPROGRESS, unix.EPROTOTYPE: // served, queue full, served, of another type
		if holder.PID == 0 {
			holder = pathHolder(path)
		}
		return &InUseError{Network: Unix, Addr: path, Holder: holder}
	case unix.ECONNREFUSED: // bound, but nothing listens
	case unix.ENOENT:
		return nil
	default:
		return &bindError{Addr: path, Err: fmt.Errorf("connect to the socket that is there: %w", err),
			hint: "it cannot be told whether somebody serves it; remove it, or use another path"}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &bindError{Addr: path, Err: fmt.Errorf("remove the stale socket: %w", err)}
	}
	return nil
}

func kindOf(info os.FileInfo) string {
	switch {
	case info.IsDir():
		return "a directory"
	case info.Mode()&os.ModeSymlink != 0:
		return "a symbolic link"
	case info.Mode().IsRegular():
		return "a regular file"
	}
	return "a file that is not a socket"
}

// askPath connects, and hangs up at once. The error is the bare errno.
func askPath(path string) (Holder, error) {
	fd, err := newSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return Holder{}, err
	}
	defer unix.Close(fd)
	if err := unix.SetNonblock(fd, true); err != nil { // a full queue would make us wait
		return Holder{}, err
	}
	if err := unix.Connect(fd, pathSockaddr(path)); err != nil {
		return Holder{}, err
	}
	return peerHolder(fd), nil
}

func pathError(path string, err error) error {
	switch err {
	case unix.EADDRINUSE:
		return &InUseError{Network: Unix, Addr: path, Holder: pathHolder(path)}
	case unix.ENOENT, unix.ENOTDIR:
		return &bindError{Addr: path, Err: err, hint: "make its directory first: mkdir -p " + filepath.Dir(path)}
	case unix.EACCES, unix.EPERM, unix.EROFS:
		return &bindError{Addr: path, Err: err, hint: "the directory " + filepath.Dir(path) + " is not writable"}
	}
	return &bindError{Addr: path, Err: err}
}

const (
	lockTries = 100
	lockPause = 10 * time.Millisecond
)

// lockDir takes the directory's lock, so that of two holders that start at once only one finds the stale
// socket and replaces it, and the other finds it served: between bind and listen, a new socket looks just as
// stale. The lock is advisory: if it is held for long, or the file system has no locks, the start goes on
// without it.
func lockDir(dir string) (unlock func()) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {}
	}
	for range lockTries {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			break
		}
		time.Sleep(lockPause) // flock has no timeout
	}
	return func() { _ = unix.Close(fd) }
}
