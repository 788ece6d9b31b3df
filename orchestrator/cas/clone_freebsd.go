package cas

import (
	"io/fs"
	"os"
	"syscall"
)

func clone(to temporary, _ *os.File) (temporary, bool) { return to, false }

// changed is when a file's content or properties changed last.
func changed(info fs.FileInfo) syscall.Timespec { return info.Sys().(*syscall.Stat_t).Ctimespec }
