//go:build linux || darwin || freebsd || netbsd

package plainfile

import "syscall"

// File is an open file.
type File int

// Open opens a file for reading. A fifo that nobody writes to does not block.
// Whoever opens it closes it.
func Open(path string) (File, error) {
	fd, err := openWith(path, untouched)
	if err == syscall.EPERM {
		fd, err = openWith(path, 0) // only the owner may read without leaving a trace
	}
	return File(fd), err
}

func openWith(path string, flags int) (int, error) {
	return again(func() (int, error) {
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC|flags, 0)
	})
}

// Close closes the file.
func (f File) Close() { _ = syscall.Close(int(f)) }

// Read returns 0 at the end.
func (f File) Read(buf []byte) (n int, err error) {
	return again(func() (int, error) { return syscall.Read(int(f), buf) })
}

// Stat asks about the open file.
func (f File) Stat() (Stat, error) {
	var st syscall.Stat_t
	_, err := again(func() (int, error) { return 0, syscall.Fstat(int(f), &st) })
	return convert(&st, err)
}

// Lstat asks about a path, which may be a symbolic link.
func Lstat(path string) (Stat, error) {
	var st syscall.Stat_t
	_, err := again(func() (int, error) { return 0, syscall.Lstat(path, &st) })
	return convert(&st, err)
}

// Follow asks about what a path leads to.
func Follow(path string) (Stat, error) {
	var st syscall.Stat_t
	_, err := again(func() (int, error) { return 0, syscall.Stat(path, &st) })
	return convert(&st, err)
}

func convert(st *syscall.Stat_t, err error) (Stat, error) {
	if err != nil {
		return Stat{}, err
	}
	out := Stat{Executable: st.Mode&0o111 != 0, Size: st.Size, Dev: uint64(st.Dev), Ino: uint64(st.Ino)}
	out.Modified, out.Changed = times(st)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		out.Kind = Regular
	case syscall.S_IFDIR:
		out.Kind = Directory
	case syscall.S_IFLNK:
		out.Kind = Link
	}
	return out, nil
}

// again repeats a call that a signal interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}
