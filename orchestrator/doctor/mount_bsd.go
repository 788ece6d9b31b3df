//go:build darwin || freebsd

package doctor

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fileSystem is the kind of the file system that the path is on, or "".
func fileSystem(path string) string {
	for {
		var st unix.Statfs_t
		if unix.Statfs(path, &st) == nil {
			return unix.ByteSliceToString(st.Fstypename[:])
		}
		parent := filepath.Dir(path)
		if parent == path {
			return ""
		}
		path = parent
	}
}
