//go:build darwin || freebsd || netbsd

package contents

import (
	"syscall"
	"time"
)

// modified is when the content was written last.
func modified(st *syscall.Stat_t) time.Time { return time.Unix(st.Mtimespec.Unix()) }

// untouched would open a file so that its access time stays; these systems
// have no such flag.
const untouched = 0
