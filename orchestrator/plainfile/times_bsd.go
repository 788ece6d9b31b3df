//go:build darwin || freebsd || netbsd

package plainfile

import "syscall"

// times are when the content was written last, and when anything was changed.
func times(st *syscall.Stat_t) (modified, changed int64) {
	return st.Mtimespec.Nano(), st.Ctimespec.Nano()
}

// untouched would open a file so that its access time stays; these systems
// have no such flag.
const untouched = 0
