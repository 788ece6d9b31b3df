package cas

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// clone makes to share the blocks of from, where the file system can.
func clone(to temporary, from *os.File) (temporary, bool) {
	return to, unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil
}

// changed is when a file's content or properties changed last.
func changed(info fs.FileInfo) syscall.Timespec { return info.Sys().(*syscall.Stat_t).Ctim }
