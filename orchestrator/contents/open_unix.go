//go:build unix

package contents

import (
	"io/fs"
	"os"
	"syscall"
)

// open opens a file for reading. A fifo that nobody writes to must not block.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// sys is the system's own record of a file.
func sys(info fs.FileInfo) *syscall.Stat_t { return info.Sys().(*syscall.Stat_t) }
