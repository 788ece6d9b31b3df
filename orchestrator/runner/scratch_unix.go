//go:build unix

package runner

import (
	"os"
	"syscall"
)

// private tells whether only devloop's user can write in a directory.
func private(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && info.Mode().Perm() == 0o700 && int(st.Uid) == os.Geteuid()
}
