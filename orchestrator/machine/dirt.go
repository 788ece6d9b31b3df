package machine

import "time"

// How long a burst of changes must have been quiet before it counts. A lone
// save acts after quietMin; the longer a burst has lasted, the longer the
// quiet it must end with, up to quietMax, because the programs that write many
// files (git, code generators) pause between them. A burst that never ends is
// cut after settleCap, and a git that never releases its index lock after
// vcsCap.
const (
	quietMin   = 2 * time.Millisecond
	quietMax   = 80 * time.Millisecond
	quietBusy  = 50 * time.Millisecond // soon after a run began: the burst was not over
	burstGap   = 250 * time.Millisecond
	recentRun  = time.Second
	settleCap  = 5 * time.Second
	vcsCap     = 10 * time.Second
	vcsRecheck = 20 * time.Millisecond
)

// dirt is what has changed for a node since its last start.
type dirt struct {
	dirty  bool
	urgent bool // acts without waiting for upstream
	stale  bool // by a run that was let through, and so is what comes of it
	hand   bool // asked for by hand: waits for nothing
	all    bool // every stage runs
	anew   bool // by the restart of a dependency: a reload signal is not enough
	why    Why
	by     int
	since  time.Time // of the first change
	marks  []mark
	paths  []string
	seen   map[string]bool

	// The burst of changes may not be over. Only a Tick ends the wait, since
	// only a Tick knows whether git is at work.
	settling bool
	began    time.Time // when the wait began
	until    time.Time // when it has been quiet for long enough
}

// mark is one cause of dirt: the nodes that the same change made dirty,
// directly or by the triggers that came of it. While one of them upstream has
// failed, this cause alone starts nothing.
type mark struct{ cohort nodeset }

// burst remembers the changes of the recent past, beyond one start: a burst
// that has already started a run is still the same burst.
type burst struct{ first, last time.Time }

// add records that the change happened, and returns how long the burst has lasted.
func (b *burst) add(now time.Time) time.Duration {
	if b.last.IsZero() || now.Sub(b.last) > burstGap {
		b.first = now
	}
	b.last = now
	return now.Sub(b.first)
}

func (d *dirt) mark(now time.Time, cohort nodeset, why Why, by int) {
	if !d.dirty {
		d.dirty, d.since, d.why, d.by = true, now, why, by
	}
	for _, m := range d.marks {
		if m.cohort.equal(cohort) {
			return
		}
	}
	d.marks = append(d.marks, mark{cohort})
}

// spread notes that what made the node dirty together with another has gone on
// from that one to the readers of its trigger.
func (d *dirt) spread(from int, readers nodeset) {
	for i := range d.marks {
		if c := &d.marks[i].cohort; c.has(from) {
			*c = c.clone() // other nodes' marks may share it
			c.union(readers)
		}
	}
}

func (d *dirt) path(path string) {
	if path == "" || d.seen[path] {
		return
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	d.seen[path] = true
	d.paths = append(d.paths, path)
}

// settle begins to wait for the end of a burst, or goes on waiting: quiet from
// now on, but never past the cap.
func (d *dirt) settle(now time.Time, quiet time.Duration) {
	if !d.settling {
		d.settling, d.began, d.until = true, now, now
	}
	until := now.Add(quiet)
	if latest := d.began.Add(max(settleCap, 2*quiet)); until.After(latest) {
		until = latest
	}
	if until.After(d.until) {
		d.until = until
	}
}

// tick ends the wait if it has been quiet for long enough. While git rewrites
// the tree the burst is not over, however quiet it looks.
func (d *dirt) tick(now time.Time, vcsBusy bool) {
	switch {
	case !d.settling || d.until.After(now):
	case vcsBusy && d.began.Add(vcsCap).After(now):
		d.until = now.Add(vcsRecheck)
	default:
		d.settling = false
	}
}

// settled tells whether the node may act on what changed.
func (d *dirt) settled() bool { return !d.settling || d.urgent }

// take empties the dirt and returns what it held.
func (d *dirt) take() dirt {
	old := *d
	*d = dirt{by: -1}
	return old
}

// restore puts back what a cancelled run had taken, ahead of what came since.
func (d *dirt) restore(old dirt) {
	marks, paths := d.marks, d.paths
	d.marks, d.paths, d.seen = nil, nil, nil
	if !d.dirty {
		d.dirty, d.why, d.by = true, old.why, old.by
	}
	d.since, d.all = old.since, d.all || old.all
	for _, m := range append(old.marks, marks...) {
		d.mark(d.since, m.cohort, d.why, d.by)
	}
	for _, p := range append(old.paths, paths...) {
		d.path(p)
	}
}

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
