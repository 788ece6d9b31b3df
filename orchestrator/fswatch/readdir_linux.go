package fswatch

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ordered: one inotify instance reports events in order, whatever directory they belong to, so that a
// cookie's event says that all earlier ones have been read.
const ordered = true

// emptyWhenRemoved: the kernel removes only empty directories, and has reported each file's removal before.
const emptyWhenRemoved = true

// reader lists directories with getdents64(2) into a buffer of its own: most names are never copied, and no
// file is stat'ed.
type reader struct {
	buf   []byte
	arena arena
}

// read calls found for each entry. The name is valid during the call only.
func (r *reader) read(dir string, found func(name []byte, kind kind, inode uint64)) error {
	if r.buf == nil {
		r.buf = make([]byte, 32<<10)
	}
	var fd int
	for {
		var err error
		fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return &fs.PathError{Op: "open", Path: dir, Err: err}
		}
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Getdents(fd, r.buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &fs.PathError{Op: "read", Path: dir, Err: err}
		}
		if n == 0 {
			return nil
		}
		// struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, the name ended by NUL.
		for rest := r.buf[:n]; len(rest) > 19; {
			length := int(binary.NativeEndian.Uint16(rest[16:]))
			inode, kindByte, name := binary.NativeEndian.Uint64(rest), rest[18], rest[19:length]
			rest = rest[length:]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if string(name) == "." || string(name) == ".." {
				continue
			}
			k := file
			switch kindByte {
			case unix.DT_DIR:
				k = directory
			case unix.DT_LNK:
				k = symlink
			case unix.DT_UNKNOWN: // some file systems do not say
				info, err := os.Lstat(dir + "/" + string(name))
				if err != nil {
					continue
				}
				k = kindOf(info)
			}
			found(name, k, inode)
		}
	}
}

// inodeOf identifies a directory that is met at another path; 0 if unknown.
func inodeOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
