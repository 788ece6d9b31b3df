package fspoll

import (
	"math"
	"slices"
	"time"
)

const (
	leastInterval = 2 * time.Second // if Options.Interval is 0
	mostInterval  = 2 * time.Minute
	share         = 0.009 // of one core for what is asked, at most, unless the caller's interval asks for more
	parts         = 8     // of the tree, in a round
)

// round is one turn through the tree.
type round struct {
	begun    time.Time
	next     int // in order
	units    int // files and directories looked at
	wall     time.Duration
	cpu      time.Duration
	complete bool
}

// length is how long a round takes. It is shorter than the interval, so that what changes its place in the order
// from one round to the next is still looked at in time.
func (s *scanner) length() time.Duration { return s.interval * 8 / 10 }

// tick does what is due at now, and returns how long to wait for the next one.
func (w *Watcher) tick(now time.Time) time.Duration {
	began := time.Now()
	w.base, w.started = now, began
	answers := w.ask.renew()
	w.mu.Lock()
	asked := w.requests
	w.requests = requests{}
	w.mu.Unlock()
	switch {
	case !w.scanned:
		w.resolve()
		w.all(readMode{})
		w.scanned = true
		w.count()
		w.pending.hangs(w.ask.places()) // who begins when it is ready knows them
		if !w.isClosed() {
			close(w.ready)
		}
		if len(asked.tokens) > 0 || asked.refilter {
			w.all(readMode{report: true, refilter: asked.refilter})
		}
	case len(asked.tokens) > 0 || asked.refilter || answers:
		w.all(readMode{report: true, refilter: asked.refilter})
	default:
		w.lookRecent()
		w.sweep()
	}
	if w.isClosed() {
		return time.Hour
	}
	w.count()
	w.pending.hangs(w.ask.places())
	w.pending.synced(asked.tokens)

	slice := w.length() / parts
	after := w.time()
	pause := slice - after.Sub(w.round.begun)%slice
	if often := w.recent.pause(after); often > 0 {
		pause = min(pause, often)
	}
	// A tree too large for the interval must not take the whole core.
	return max(pause, time.Since(began), time.Millisecond)
}

// count updates Stats.
func (w *Watcher) count() {
	of := map[string]bool{} // the directories in which a root is a file
	for _, holder := range w.holders {
		if len(holder.files) > 0 {
			of[holder.path] = true
		}
	}
	w.mu.Lock()
	w.stats.Directories, w.stats.Files, w.stats.Interval = w.dirs+len(of), w.files, w.interval
	w.mu.Unlock()
}

// all looks at everything at once, and then begins the next round: otherwise a slice could wait for longer than a
// round because it was looked at before its turn.
func (w *Watcher) all(how readMode) {
	w.begin()
	w.advance(math.MaxInt, how)
	w.begin()
}

// sweep looks at the slices of the tree that are due.
func (w *Watcher) sweep() {
	passed := w.time().Sub(w.round.begun)
	if passed >= w.length() || passed < 0 {
		if !w.round.complete {
			w.advance(math.MaxInt, readMode{report: true})
		}
		w.begin()
		passed = 0
	}
	due := int(passed/(w.length()/parts)) + 1
	w.advance((len(w.order)+w.files)*due/parts, readMode{report: true})
}

func (w *Watcher) begin() {
	w.order = slices.DeleteFunc(w.order, func(d *dir) bool { return d.gone })
	w.before, w.round = w.round.begun, round{begun: w.time()}
}

// advance goes on with the round until so many files and directories have been looked at.
func (w *Watcher) advance(units int, how readMode) {
	r := &w.round
	if r.complete || r.units >= units {
		return
	}
	began, cpu := time.Now(), w.ask.cpu
	for r.next < len(w.order) && r.units < units && !w.isClosed() {
		d := w.order[r.next]
		r.next++
		w.look(d, how)
		r.units += 1 + len(d.files)
	}
	wall := time.Since(began)
	r.wall += wall
	r.cpu += w.ask.cpu - cpu
	if r.next < len(w.order) {
		return
	}
	r.complete = true
	if w.opt.Interval == 0 {
		need := max(time.Duration(float64(r.cpu)/share)*10/8, 4*r.wall)
		w.interval = min(max(need, leastInterval), mostInterval)
	}
}
