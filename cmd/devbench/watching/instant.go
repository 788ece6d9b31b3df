package watching

import "time"

// instant is a reading, in nanoseconds, of a clock that every process of the
// machine shares; its zero means nothing.
type instant int64

func (i instant) sub(earlier instant) time.Duration { return time.Duration(i - earlier) }
func (i instant) add(d time.Duration) instant       { return i + instant(d) }
