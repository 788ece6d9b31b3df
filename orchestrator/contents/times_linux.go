package contents

import (
	"syscall"
	"time"
)

// times is when the content was written last, and when the file last changed
// in any way: unlike the first, nobody can set the second back.
func times(st *syscall.Stat_t) (modified, changed time.Time) {
	return time.Unix(st.Mtim.Unix()), time.Unix(st.Ctim.Unix())
}

// untouched opens a file so that its access time stays (open(2), O_NOATIME):
// reading a whole tree would else write to the disk for every file of it.
const untouched = syscall.O_NOATIME
