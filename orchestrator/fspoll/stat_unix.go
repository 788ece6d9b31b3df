//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package fspoll

import "golang.org/x/sys/unix"

func lstat(path string) (attributes, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Lstat(path, &st) })
	return convert(&st), err
}

func stat(path string) (attributes, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &st) })
	return convert(&st), err
}

// retry repeats a call that a signal interrupted, which happens on network and FUSE file systems.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func convert(st *unix.Stat_t) attributes {
	a := attributes{
		exec:  uint8(st.Mode>>6&1 | st.Mode>>3&1<<1 | st.Mode&1<<2),
		dev:   uint64(st.Dev),
		ino:   uint64(st.Ino),
		size:  st.Size,
		mtime: st.Mtim.Nano(),
		ctime: st.Ctim.Nano(),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		a.kind = regular
	case unix.S_IFDIR:
		a.kind = directory
	case unix.S_IFLNK:
		a.kind = symlink
	}
	return a
}
