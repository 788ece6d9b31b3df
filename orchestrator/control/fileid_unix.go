//go:build unix

package control

import (
	"fmt"
	"io/fs"
	"syscall"
)

// FileID names a regular file of this machine by its device and inode; "" for any other.
func FileID(info fs.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() {
		return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	}
	return ""
}
