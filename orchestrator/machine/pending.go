package machine

import "time"

// How long a burst of changes must have been quiet before it counts. A lone save acts after quietMin. The
// longer a burst has lasted, the longer the quiet at its end must be, up to quietMax, because programs that
// write many files (git, code generators) pause between them. A burst that never ends is cut after settleCap,
// and a git that never releases its index lock after vcsCap.
const (
	quietMin   = 2 * time.Millisecond
	quietMax   = 80 * time.Millisecond
	quietBusy  = 50 * time.Millisecond // soon after a run began: the burst was not over
	burstGap   = 250 * time.Millisecond
	recentRun  = time.Second
	settleCap  = 5 * time.Second
	awaitedCap = 100 * time.Millisecond // instead of settleCap while a question waits for the outcome
	vcsCap     = 10 * time.Second
	vcsRecheck = 20 * time.Millisecond
)

// pending is what has changed for a node since its last start.
type pending struct {
	dirty     bool
	real      bool // some of it is not what the node keeps making itself, see feedback.go
	own       bool // a file that it watches itself has changed, not only a trigger that a run touched
	urgent    bool // touched from outside, or let through: does not wait for upstream
	stale     bool // by a run that was let through, and so is what follows from it
	hand      bool // asked for by hand: waits for nothing
	all       bool // every stage runs
	fresh     bool // no earlier pass may stand for one
	noReload  bool // by the restart of a dependency: a reload signal is not enough
	stopFirst bool // the old generation must end before the new one starts
	why       Why
	by        string // the node that it came from, if any
	since     uint64 // the step of the oldest mark, see await.go
	last      uint64 // that of the latest
	causes    causes
	paths     []string
	seen      map[string]bool

	// The burst of changes may not be over. Only a Tick ends the wait, as only a Tick knows whether git is at
	// work.
	settling bool
	began    time.Time // when the wait began
	until    time.Time // when it has been quiet for long enough
}

// burst remembers recent changes, beyond one start: a burst that has already started a run is still the same
// burst.
type burst struct{ first, last time.Time }

// add records that the change happened, and returns how long the burst has lasted.
func (b *burst) add(at time.Time) time.Duration {
	if b.last.IsZero() || at.Sub(b.last) > burstGap {
		b.first = at
	}
	if at.After(b.last) {
		b.last = at
	}
	return b.last.Sub(b.first)
}

func (d *pending) mark(cohort nodeset, why Why, by string, since uint64) {
	d.since, d.last = older(d.since, since), max(d.last, since)
	if !d.dirty {
		d.dirty, d.why, d.by = true, why, by
	}
	d.real = d.real || why != ByChange
	d.causes.add(cohort)
}

func (d *pending) path(path string) {
	if path == "" || d.seen[path] {
		return
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	d.seen[path] = true
	d.paths = append(d.paths, path)
}

// settle begins to wait for the end of a burst, or goes on waiting: quiet from the change on, and a little
// from now on, but never past the limit.
func (d *pending) settle(now, at time.Time, quiet, limit time.Duration) {
	if !d.settling {
		d.settling, d.began, d.until = true, now, now
	}
	until := at.Add(quiet)
	if least := now.Add(min(quiet, quietMin)); until.Before(least) {
		until = least
	}
	if latest := d.began.Add(max(limit, 2*quiet)); until.After(latest) {
		until = latest
	}
	if until.After(d.until) {
		d.until = until
	}
}

// tick ends the wait if it has been quiet for long enough. While git rewrites the tree the burst is not over,
// even if it is quiet.
func (d *pending) tick(now time.Time, vcsBusy bool) {
	switch {
	case !d.settling || d.until.After(now):
	case vcsBusy && d.began.Add(vcsCap).After(now):
		d.until = now.Add(vcsRecheck)
	default:
		d.settling = false
	}
}

// settled tells whether the node may act on what changed.
func (d *pending) settled() bool { return !d.settling || d.urgent }

// take empties it and returns what it held.
func (d *pending) take() pending {
	old := *d
	*d = pending{}
	return old
}

// restore puts back what a cancelled run had taken, ahead of what came since.
func (d *pending) restore(old pending) {
	newer := *d
	d.causes, d.paths, d.seen = nil, nil, nil
	if !d.dirty {
		d.why, d.by, d.real = old.why, old.by, old.real
	}
	d.dirty, d.all, d.since = true, d.all || old.all, older(d.since, old.since)
	d.own, d.fresh = d.own || old.own, d.fresh || old.fresh
	d.last = max(d.last, old.last)
	for _, cohort := range append(old.causes, newer.causes...) {
		d.causes.add(cohort)
	}
	for _, p := range append(old.paths, newer.paths...) {
		d.path(p)
	}
}
