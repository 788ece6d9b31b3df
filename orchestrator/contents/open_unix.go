//go:build linux || darwin || freebsd || netbsd

package contents

import "syscall"

// file is an open file, read by plain system calls: an os.File costs as much
// again as reading a short file, and there are many.
type file int

// open opens a file for reading. A fifo that nobody writes to must not block.
// Whoever opens it closes it.
func open(path string) (file, error) {
	fd, err := openWith(path, untouched)
	if err == syscall.EPERM {
		fd, err = openWith(path, 0) // only the owner may read without leaving a trace
	}
	return file(fd), err
}

func openWith(path string, flags int) (int, error) {
	return again(func() (int, error) {
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC|flags, 0)
	})
}

func (f file) close() { _ = syscall.Close(int(f)) }

func (f file) read(buf []byte) (n int, err error) {
	return again(func() (int, error) { return syscall.Read(int(f), buf) })
}

func (f file) stat() (stat, error) {
	var st syscall.Stat_t
	if _, err := again(func() (int, error) { return 0, syscall.Fstat(int(f), &st) }); err != nil {
		return stat{}, err
	}
	kind := st.Mode & syscall.S_IFMT
	return stat{
		dir: kind == syscall.S_IFDIR, regular: kind == syscall.S_IFREG, executable: st.Mode&0o111 != 0,
		size: st.Size, modified: modified(&st),
	}, nil
}

// again repeats a call that a signal interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}
