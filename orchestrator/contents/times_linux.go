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
