package contents

import (
	"syscall"
	"time"
)

// modified is when the content was written last.
func modified(st *syscall.Stat_t) time.Time { return time.Unix(st.Mtim.Unix()) }

// untouched opens a file so that its access time stays (open(2), O_NOATIME):
// reading a whole tree would else write to the disk for every file of it.
const untouched = syscall.O_NOATIME
