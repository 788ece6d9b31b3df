//go:build linux || darwin || freebsd

package cas

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// private says what is wrong with a directory where somebody else may write.
func private(info fs.FileInfo) error {
	if !info.IsDir() {
		return errors.New("it is no directory")
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return errors.New("it belongs to another user")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others may write there (mode %#o): chmod 700", info.Mode().Perm())
	}
	return nil
}

// openEntry opens a file to read it, but not what a symbolic link leads to, nor anything that has to be waited for.
func openEntry(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// openTemporary opens a file to write it, and makes it if it is missing.
func openTemporary(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// lock locks f until it is closed, unless another process has. Where files cannot be locked, nobody has.
func lock(f *os.File) bool {
	return !errors.Is(flock(f, syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// alone locks f until it is closed. It is false if another process has, where files cannot be locked, and if f has a second
// name.
func alone(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 1 && flock(f, syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// abandoned is whether no process is writing f, which is open for reading. Where files cannot be locked, nobody knows.
func abandoned(f *os.File) bool { return flock(f, syscall.LOCK_SH|syscall.LOCK_NB) == nil }

// moveOpen gives an open file another name, and closes it then, so that it is locked until it has that name.
func moveOpen(f *os.File, path string) error {
	second, err := syscall.Dup(int(f.Fd()))
	if err == nil {
		err = syscall.Close(second) // a file system in the network says only now that it is full
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		_ = f.Close()
	}
	return err
}

// same is whether a file was not written between two looks at it.
func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && changed(a) == changed(b)
}
