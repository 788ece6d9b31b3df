//go:build linux || darwin

package guardian

import (
	"os"
	"syscall"
)

// removeDirectories removes what an owner has made for itself and could not remove. It skips what is not a directory of
// this user's alone.
func removeDirectories(dirs map[string]bool) {
	for dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
			continue
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == os.Geteuid() {
			_ = os.RemoveAll(dir) // nothing can report it
		}
	}
}

// ofALine tells whether a path fits in a line of the crash record and of the owner's messages.
func ofALine(path string) bool {
	for i := range len(path) {
		if path[i] == '\n' {
			return false
		}
	}
	return path != "" && path[0] == '/'
}
