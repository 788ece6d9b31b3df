//go:build darwin || freebsd || netbsd

package contents

import (
	"syscall"
	"time"
)

// times is when the content was written last, and when the file last changed
// in any way: unlike the first, nobody can set the second back.
func times(st *syscall.Stat_t) (modified, changed time.Time) {
	return time.Unix(st.Mtimespec.Unix()), time.Unix(st.Ctimespec.Unix())
}

// untouched would open a file so that its access time stays; these systems
// have no such flag.
const untouched = 0
