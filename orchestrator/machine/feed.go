package machine

import (
	"maps"
	"time"
)

// A node that wakes itself is slowed down: after selfFree runs in a row during
// which the same file changed, each further one waits twice as long. Somebody
// who keeps saving a file looks the same at first; so it is told only when the
// wait is long, and a change that comes while the node does nothing shows that
// the node is innocent.
//
// Two nodes may also wake each other. A change that comes while another node
// runs counts only if that one has just been woken in the same way by this one;
// and if the file changes once more during the same run, but later, it is
// somebody who saves.
const (
	selfFree  = 4
	selfFirst = 100 * time.Millisecond
	selfMax   = 30 * time.Second
	selfTold  = time.Second            // from this wait on
	selfLate  = 100 * time.Millisecond // after its end: what a run wrote may still be arriving
)

// feed watches for a node that changes what it watches.
type feed struct {
	during map[string]origin // what changed since the run before, and who may have done it
	last   map[string]origin // up to then
	wakers [2]nodeset        // who stands in during, and in last
	streak int
	closed time.Time // when that run ended
	until  time.Time // no start by change before
	told   bool      // people know of that
	path   string    // the file that until is for
	from   origin    // where it comes from
}

// origin is the run during which a file changed.
type origin struct {
	by, run int    // by is a node
	stage   string // the name of the one that ran then; of a process ""
	at      time.Time
	loop    bool // it is the node's own, or of one that the node wakes too
}

// outside takes in a change that comes while the node does nothing.
func (f *feed) outside(now time.Time, path string) {
	if o, suspect := f.last[path]; suspect && o.loop && now.Sub(f.closed) > selfLate {
		*f = feed{}
	}
}

// note takes in a change that may be the work of a node: of this one, if self.
func (f *feed) note(path string, o origin, self bool) {
	if f.during == nil {
		f.during = map[string]origin{}
	}
	first, known := f.during[path]
	switch {
	case known && !self && first.by == o.by && first.run == o.run && o.at.Sub(first.at) > burstGap:
		*f = feed{}
	case (!known || o.loop && !first.loop) && len(f.during) < 1000:
		f.during[path] = o
		f.wakers[0].add(o.by)
	}
}

// woken tells whether the node has changed files of this one of late.
func (f *feed) woken(by int) bool { return f.wakers[0].has(by) || f.wakers[1].has(by) }

// acquit forgets what a node that is no more may have done.
func (f *feed) acquit(node int) {
	if f.from.by == node && !f.until.IsZero() {
		*f = feed{}
		return
	}
	for _, seen := range []map[string]origin{f.during, f.last} {
		maps.DeleteFunc(seen, func(_ string, o origin) bool { return o.by == node })
	}
}

// close ends a run, and decides whether the next one has to wait.
func (f *feed) close(now time.Time) {
	loops, path := false, ""
	var from origin
	for p, o := range f.during {
		if !o.loop {
			continue
		}
		loops = true
		if before := f.last[p]; before.loop && (path == "" || p < path) {
			path, from = p, o
		}
	}
	switch {
	case path != "":
		f.streak++
	case loops:
		f.streak = 1
	default:
		f.streak = 0
	}
	f.last, f.during, f.closed = f.during, nil, now
	f.wakers = [2]nodeset{nil, f.wakers[0]}
	f.path, f.from, f.told, f.until = "", origin{}, false, time.Time{}
	if f.streak <= selfFree {
		return
	}
	delay := selfMax
	if n := f.streak - selfFree - 1; n < 16 {
		delay = min(selfFirst<<n, selfMax)
	}
	f.path, f.from, f.until = path, from, now.Add(delay)
}

// toTell tells whether people should know that the node is slowed down.
func (f *feed) toTell(now time.Time) bool { return !f.told && f.until.Sub(now) >= selfTold }
