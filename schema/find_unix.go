//go:build unix

package schema

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// foreignOwner returns whom the file at path belongs to, or "" if it is ours. A
// symbolic link must be ours too: whoever made it chose the file.
func foreignOwner(path string, info fs.FileInfo) string {
	owner := func(info fs.FileInfo) string {
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(st.Uid) == os.Getuid() {
			return ""
		}
		return fmt.Sprintf("user %d", st.Uid)
	}
	if o := owner(info); o != "" {
		return o
	}
	if link, err := os.Lstat(path); err == nil {
		return owner(link)
	}
	return ""
}
