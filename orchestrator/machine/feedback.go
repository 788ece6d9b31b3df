package machine

import (
	"maps"
	"slices"
	"time"
)

// A node that wakes itself is slowed down: after selfFree runs in a row during which the same file changed,
// each further one waits twice as long. Two nodes may also wake each other, by files or with a trigger in
// between.
//
// A person who saves repeatedly looks the same at first. Two signs tell them apart: a command had the file
// open for writing when it changed ([Change.Writers]), or the file changes with the same lag after each
// start. Each alone is a guess, as a script may save at a rhythm and others may write to a file that is
// always open, such as a database; then no wait is longer than selfGuess. Both together are sure.
//
// A question whether a change is live ([Await], [Asked]) means that a person is at work: what came before was
// no feedback. So was a change while none of the nodes was at work. A file without any of these signs is
// never held back.
const (
	selfFree   = 4
	selfFirst  = 100 * time.Millisecond
	selfGuess  = time.Second // at most, while it is a guess
	selfMax    = 30 * time.Second
	selfReport = time.Second            // from this wait on
	selfLate   = 100 * time.Millisecond // after its end: what a run wrote may still be arriving
	selfReach  = 10 * time.Second       // a process that started longer ago is not suspected
	selfLook   = 2                      // runs in a row after which it matters who writes
)

// feedback detects a node that changes what it watches.
type feedback struct {
	during map[string]origin // what changed since the run before, and which node may have done it
	last   map[string]origin // up to then
	wakers [2]nodeset        // the nodes in during, and in last
	again  bool              // a file in during has changed as in the run before
	streak int               // runs in a row with such a file
	closed time.Time         // when the last of them ended

	// What the next run waits for.
	path       string        // such a file, or ""
	from       origin        // who wrote it
	until      time.Time     // no start before that by changes that repeat
	wait       time.Duration // how long that is
	runs       int           // that were alike, and so led to the wait
	reported   bool          // it has been reported
	reportedAt int           // how many runs the last report named
}

// origin is the run, or the generation, during which a file changed.
type origin struct {
	by, run int    // by is a node
	stage   string // the name of the one that ran then; of a process ""
	at      time.Time
	lag     time.Duration // since it began
	loop    bool          // its own run, or that of a node that it wakes too
	seen    bool          // it had the file open for writing
	rhythm  bool          // it came with the same lag as in the run before
}

// repeats tells whether this is what happened in the run before.
func (o origin) repeats(before origin) bool {
	return o.loop && before.loop && o.by == before.by && (o.seen || o.inRhythm(before))
}

func (o origin) inRhythm(before origin) bool {
	return (o.lag - before.lag).Abs() <= 100*time.Millisecond+o.lag/10
}

// sure tells whether no other program can have made the change.
func (o origin) sure() bool { return o.seen && o.rhythm }

// outside records a change while the node does nothing.
func (f *feedback) outside(now time.Time, path string) {
	if o, suspect := f.last[path]; suspect && o.loop && now.Sub(f.closed) > selfLate {
		*f = feedback{}
	}
}

// note records a change that may be the work of a node: of this one, if self. It tells whether the node has
// to wait because of it.
func (f *feedback) note(path string, o origin, self bool) (slows bool) {
	if f.during == nil {
		f.during = map[string]origin{}
	}
	first, known := f.during[path]
	switch {
	case known && !self && !o.seen && first.by == o.by && first.run == o.run && o.at.Sub(first.at) > burstGap:
		*f = feedback{}
		return false
	case known && (first.loop || !o.loop) && !o.seen: // the run goes on writing
		o = first
	case known || len(f.during) < 1000:
		f.during[path] = o
		f.wakers[0].add(o.by)
	}
	before := f.last[path]
	if !o.repeats(before) {
		return false
	}
	o.rhythm = o.inRhythm(before)
	o.seen = o.seen || before.sure() // once is enough
	f.during[path] = o
	f.again = true
	if f.path == "" || path <= f.path {
		f.path, f.from = path, o
	}
	return f.streak >= selfFree
}

// woken tells whether the node has recently changed files of this one.
func (f *feedback) woken(by int) bool { return f.wakers[0].has(by) || f.wakers[1].has(by) }

// forget drops what a removed node may have done.
func (f *feedback) forget(node int) {
	if f.from.by == node && f.path != "" {
		*f = feedback{}
		return
	}
	for _, seen := range []map[string]origin{f.during, f.last} {
		maps.DeleteFunc(seen, func(_ string, o origin) bool { return o.by == node })
	}
}

// close ends a run, or the time that a generation has served.
func (f *feedback) close(now time.Time) {
	loops := false
	for _, o := range f.during {
		loops = loops || o.loop
	}
	switch {
	case f.again:
		f.streak++
	case loops:
		f.streak, f.reportedAt = 1, 0
	default:
		f.streak, f.reportedAt = 0, 0
	}
	f.last, f.during, f.again, f.closed = f.during, nil, false, now
	f.wakers = [2]nodeset{nil, f.wakers[0]}
}

// slow delays the next start from now on; runs is how many were alike.
func (f *feedback) slow(now time.Time, runs int) {
	if runs <= selfFree || f.path == "" {
		return
	}
	delay := selfMax
	if n := runs - selfFree - 1; n < 16 {
		delay = min(selfFirst<<n, selfMax)
	}
	if !f.from.sure() {
		delay = min(delay, selfGuess)
	}
	f.until, f.wait, f.runs = now.Add(delay), delay, runs
}

// start begins the next run: nothing is waited for any more.
func (f *feedback) start() { f.path, f.from, f.reported, f.until = "", origin{}, false, time.Time{} }

// holds tells whether what has changed has to wait.
func (f *feedback) holds(now time.Time, d *pending) bool { return !d.real && f.until.After(now) }

// toReport tells whether to report the slow-down: of a short wait, again only when it has gone on for twice
// as long.
func (f *feedback) toReport(now time.Time) bool {
	return !f.reported && f.until.After(now) && f.wait >= selfReport && (f.from.sure() || f.runs >= 2*f.reportedAt)
}

// asked says that a person waits for the outcome, or looks at it: saves between such questions are no
// feedback, unless that is sure.
func (m *Machine) asked() {
	for _, n := range m.nodes {
		if f := &n.feedback; f.path == "" || !f.from.sure() {
			*f = feedback{wakers: f.wakers, closed: f.closed}
		}
	}
}

// Suspects tells whether it matters who writes what the node watches, see
// [Change.Writers].
func (m *Machine) Suspects(node int) bool { return m.nodes[node].feedback.streak >= selfLook }

// suspect records which node may have changed a file of this one: the node itself, or another one at work,
// preferably one that it wakes too. It tells whether the change has to wait.
func (m *Machine) suspect(n *node, c Change, at time.Time) (slows bool) {
	var best origin
	rank := 0
	for _, u := range m.nodes {
		o, loop, works := m.work(u, n, c, at)
		if !works {
			continue
		}
		r := 2
		switch {
		case o.seen:
			r = 6
		case o.repeats(n.feedback.last[c.Path]):
			r = 5
		case u == n && u.w != nil && u.w.phase == idle:
			r = 1 // it has ended: better than none
		case u == n:
			r = 4
		case loop:
			r = 3
		}
		if r > rank {
			best, rank = o, r
		}
	}
	if !best.loop {
		n.feedback.outside(m.now, c.Path)
	}
	if rank == 0 {
		return false
	}
	return n.feedback.note(c.Path, best, best.by == n.id)
}

// work tells whether u may have made a change at that time, and whether u and n then wake each other.
func (m *Machine) work(u, n *node, c Change, at time.Time) (o origin, loop, works bool) {
	loop = u == n || u.feedback.woken(n.id) || m.leads(n, u)
	o = origin{by: u.id, run: u.num(), at: m.now, loop: loop}
	var since time.Time
	switch p := u.p; {
	case u.w != nil:
		late := u == n && u.w.phase == idle && u.w.run > 0 && at.Sub(u.feedback.closed) <= selfLate
		o.stage, since, works = u.w.current(), u.w.startedAt, u.w.phase != idle || late
	case p.side != nil && p.side.newer:
		since, works = p.side.startedAt, true
	case p.side != nil:
		since, works = p.side.stoppedAt, true
	case p.phase == procStopping:
		since, works = p.stoppedAt, true
	case p.running():
		since = p.startedAt
		if p.reloadedAt.After(since) {
			since = p.reloadedAt
		}
		works = at.Sub(since) <= selfReach && (loop || m.starts(u))
	}
	o.lag = at.Sub(since)
	if slices.Contains(c.Writers, u.id) {
		o.seen, works = true, true
	}
	return o, loop, works
}

// starts tells whether a running process may still be starting. One with a readiness check has by then
// written what it writes at its start; for any other it is a guess.
func (m *Machine) starts(n *node) bool {
	switch p := n.p; {
	case p.phase == procStarting:
		return true
	case n.cfg.Process.Probed:
		return p.phase == procReady && m.now.Sub(p.readyAt) < selfLate
	}
	return m.now.Sub(n.p.startedAt) < recentRun
}

// leads tells whether a pass of n starts u, by triggers.
func (m *Machine) leads(n, u *node) bool {
	return slices.ContainsFunc(n.cfg.Readers, func(r Reader) bool { return r.Node == u.id || m.leads(m.nodes[r.Node], u) })
}
