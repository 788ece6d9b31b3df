package machine

import "time"

// A node that wakes itself is slowed down: after selfFree runs in a row during
// which the same file changed, each further one waits twice as long. Somebody
// who keeps saving a file looks the same at first; so it is told only when the
// wait is long, and a change that comes while the node does nothing shows that
// the node is innocent.
const (
	selfFree  = 4
	selfFirst = 100 * time.Millisecond
	selfMax   = 30 * time.Second
	selfTold  = time.Second            // from this wait on
	selfLate  = 100 * time.Millisecond // after its end: what a run wrote may still be arriving
)

// feed watches for a node that changes what it watches.
type feed struct {
	during map[string]int // what changed during this run, and the stage that ran
	last   map[string]int // during the run before
	streak int
	closed time.Time // when that run ended
	until  time.Time // no start by change before
}

// outside takes in a change that comes while the node does nothing.
func (f *feed) outside(now time.Time, path string) {
	if _, suspect := f.last[path]; suspect && now.Sub(f.closed) > selfLate {
		*f = feed{}
	}
}

func (f *feed) note(path string, stage int) {
	if f.during == nil {
		f.during = map[string]int{}
	}
	if _, known := f.during[path]; !known && len(f.during) < 1000 {
		f.during[path] = stage
	}
}

// close ends a run. It returns the delay now in force, with the file that
// keeps coming back and the stage it came in, or no delay.
func (f *feed) close(now time.Time) (delay time.Duration, path string, stage int) {
	for p, s := range f.during {
		if _, again := f.last[p]; again && (path == "" || p < path) {
			path, stage = p, s
		}
	}
	switch {
	case path != "":
		f.streak++
	case len(f.during) > 0:
		f.streak = 1
	default:
		f.streak = 0
	}
	f.last, f.during, f.closed = f.during, nil, now
	if f.streak <= selfFree {
		return 0, "", 0
	}
	delay = selfMax
	if n := f.streak - selfFree - 1; n < 16 {
		delay = min(selfFirst<<n, selfMax)
	}
	f.until = now.Add(delay)
	return delay, path, stage
}
