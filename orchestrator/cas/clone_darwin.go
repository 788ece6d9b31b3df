package cas

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// clone makes to share the blocks of from, where the file system can. It is another file then, locked, with the same name.
func clone(to temporary, from *os.File) (temporary, bool) {
	name := to.Name() + "~"
	_ = os.Remove(name) // of a process that was killed here
	if unix.Fclonefileat(int(from.Fd()), unix.AT_FDCWD, name, 0) != nil {
		return to, false
	}
	defer os.Remove(name)        // if it still has that name
	now := time.Now()            // a clone has the time of the original,
	err := os.Chmod(name, 0o600) // and its mode
	if err == nil {
		err = os.Chtimes(name, now, now)
	}
	if err != nil {
		return to, false
	}
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return to, false
	}
	f := os.NewFile(uintptr(fd), to.Name())
	if !lock(f) || os.Rename(name, to.Name()) != nil {
		_ = f.Close()
		return to, false
	}
	_ = to.Close()
	return temporary{f}, true
}

// changed is when a file's content or properties changed last.
func changed(info fs.FileInfo) syscall.Timespec { return info.Sys().(*syscall.Stat_t).Ctimespec }
