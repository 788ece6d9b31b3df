package machine

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/schema"
)

const ms = time.Millisecond

func TestBackoff(t *testing.T) {
	usual := schema.Backoff{Initial: 500 * ms, Max: 30 * time.Second}
	for _, c := range []struct {
		name     string
		backoff  schema.Backoff
		failures int
		want     time.Duration
	}{
		{"first", usual, 1, 500 * ms},
		{"second", usual, 2, time.Second},
		{"sixth", usual, 6, 16 * time.Second},
		{"at the limit", usual, 7, 30 * time.Second},
		{"far beyond the limit", usual, 1 << 30, 30 * time.Second},
		{"no wait", schema.Backoff{Max: time.Second}, 1, 0},
		{"limit below the first", schema.Backoff{Initial: 2 * time.Second, Max: time.Second}, 5, 2 * time.Second},
		{"steady", schema.Backoff{Initial: time.Second, Max: time.Second}, 9, time.Second},
	} {
		if got := backoff(c.backoff, c.failures); got != c.want {
			t.Errorf("%s: after %d failures the wait is %v, want %v", c.name, c.failures, got, c.want)
		}
	}
}

// TestQuiet: how long a burst must have paused, by when its changes came.
func TestQuiet(t *testing.T) {
	for _, c := range []struct {
		name    string
		settle  time.Duration
		running time.Duration // a run began so long before the first change; 0: none
		changes []time.Duration
		want    time.Duration // the wait after the last change
	}{
		{"alone", 0, 0, []time.Duration{0}, 2 * ms},
		{"two at once", 0, 0, []time.Duration{0, 0}, 2 * ms},
		{"a short burst", 0, 0, []time.Duration{0, 3 * ms, 10 * ms}, 10 * ms},
		{"a long burst", 0, 0, []time.Duration{0, 200 * ms, 400 * ms, 600 * ms}, 80 * ms},
		{"apart", 0, 0, []time.Duration{0, 251 * ms}, 2 * ms},
		{"not yet apart", 0, 0, []time.Duration{0, 250 * ms}, 80 * ms},
		{"soon after a run began", 0, 500 * ms, []time.Duration{0}, 50 * ms},
		{"long after a run began", 0, 2 * time.Second, []time.Duration{0}, 2 * ms},
		{"as configured", 300 * ms, 0, []time.Duration{0, 10 * ms}, 300 * ms},
		{"as configured, during a run", 10 * ms, 500 * ms, []time.Duration{0, 200 * ms}, 10 * ms},
	} {
		m := New(Config{Jobs: 1, Nodes: []Node{{Name: "n", Settle: c.settle, Watcher: &Watcher{}}}})
		n := m.nodes[0]
		if c.running > 0 {
			n.w.phase, n.w.startedAt = running, epoch.Add(-c.running)
		}
		var got time.Duration
		for _, at := range c.changes {
			m.now = epoch.Add(at)
			got = m.quiet(n, m.now)
		}
		if got != c.want {
			t.Errorf("%s: the wait is %v, want %v", c.name, got, c.want)
		}
	}
}

// TestNoticedEarlier: a burst is as long, and as quiet, as its files were
// noticed, in whatever order and however late the machine hears of them.
func TestNoticedEarlier(t *testing.T) {
	m := New(Config{Jobs: 1, Nodes: []Node{{Name: "n", Watcher: &Watcher{}}}})
	m.Step(epoch, Start{})
	var changes []Change
	for _, noticed := range []time.Duration{0, 100 * ms, 40 * ms} {
		changes = append(changes, Change{Path: "f", Nodes: []int{0}, At: epoch.Add(noticed)})
	}
	m.Step(epoch.Add(150*ms), FilesChanged{Changes: changes})
	if at, ok := m.Deadline(); !ok || !at.Equal(epoch.Add(180*ms)) {
		t.Errorf("it settles at %v, %v; want 80ms after the last change", at.Sub(epoch), ok)
	}
	// A clock that was set back meanwhile does not make anybody wait for it.
	m.Step(epoch.Add(170*ms), FilesChanged{Changes: []Change{{Path: "f", Nodes: []int{0}, At: epoch.Add(time.Hour)}}})
	if at, ok := m.Deadline(); !ok || !at.Equal(epoch.Add(250*ms)) {
		t.Errorf("it settles at %v, %v; want 80ms from now", at.Sub(epoch), ok)
	}
}

// TestSettle: when a burst counts, by when its changes came and how long each
// must be followed by quiet.
func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name    string
		quiet   time.Duration
		changes []time.Duration // when the machine heard of them
		lag     time.Duration   // and how much earlier they were noticed
		want    time.Duration
	}{
		{"alone", 2 * ms, []time.Duration{0}, 0, 2 * ms},
		{"each moves the end", 10 * ms, []time.Duration{0, 9 * ms, 18 * ms}, 0, 28 * ms},
		{"up to the cap", 80 * ms, []time.Duration{0, 4950 * ms}, 0, 5 * time.Second},
		{"which counts from the first change", 80 * ms, []time.Duration{time.Second, 5990 * ms}, 0, 6 * time.Second},
		{"and is longer where the quiet is", 10 * time.Second, []time.Duration{0, 9 * time.Second, 18 * time.Second}, 0, 20 * time.Second},
		{"quiet since it was noticed", 80 * ms, []time.Duration{50 * ms, 90 * ms}, 40 * ms, 130 * ms},
		{"but a little from now on", 80 * ms, []time.Duration{50 * ms, 90 * ms}, 200 * ms, 92 * ms},
		{"less if less was asked for", ms, []time.Duration{50 * ms}, 40 * ms, 51 * ms},
	} {
		var d pending
		for _, at := range c.changes {
			d.mark(nil, ByChange, "", 1)
			d.settle(epoch.Add(at), epoch.Add(at-c.lag), c.quiet, settleCap)
		}
		if got := d.until.Sub(epoch); got != c.want {
			t.Errorf("%s: it settles at %v, want %v", c.name, got, c.want)
		}
		d.tick(epoch.Add(c.want-1), false)
		if d.settled() {
			t.Errorf("%s: it settles too early", c.name)
		}
		d.tick(epoch.Add(c.want), false)
		if !d.settled() {
			t.Errorf("%s: it does not settle at its end", c.name)
		}
	}
}

func TestRestore(t *testing.T) {
	a, b := set(1), set(2)
	var d pending
	d.mark(a, ByTrigger, "w", 1)
	d.path("x")
	d.path("y")
	d.all = true
	old := d.take()
	if d.dirty || d.by != "" {
		t.Error("what was taken is still there")
	}
	d.mark(b, ByChange, "", 1)
	d.path("y")
	d.path("z")
	d.restore(old)
	if !d.dirty || !d.all || d.why != ByChange {
		t.Errorf("restored: dirty %t, all %t, why %q", d.dirty, d.all, d.why)
	}
	if len(d.causes) != 2 || !d.causes[0].equal(a) || !d.causes[1].equal(b) {
		t.Errorf("causes %v, want those of the run, then the newer", d.causes)
	}
	if got := d.paths; len(got) != 3 || got[0] != "x" || got[1] != "y" || got[2] != "z" {
		t.Errorf("paths %v, want x y z", got)
	}

	old = d.take()
	d.restore(old)
	if d.why != ByChange || d.by != "" || len(d.paths) != 3 {
		t.Errorf("nothing came since: why %q by %q, paths %v", d.why, d.by, d.paths)
	}
}

// TestSpread: what has gone on to the readers of a trigger is noted only where
// the same save was, and not in the causes of others that share the set.
func TestSpread(t *testing.T) {
	var c, other causes
	shared := set(1, 2)
	c.add(shared)
	c.add(set(3))
	c.add(set(1, 2))
	other.add(shared)
	if len(c) != 2 {
		t.Errorf("causes %v, want each once", c)
	}
	c.spread(1, set(100))
	if !c[0].has(100) || c[1].has(100) {
		t.Errorf("causes %v", c)
	}
	if other[0].has(100) {
		t.Error("another node's cause has changed with it")
	}
}

func TestNodeset(t *testing.T) {
	big := set(0, 63, 64, 200)
	for _, n := range []int{0, 63, 64, 200} {
		if !big.has(n) {
			t.Errorf("%d is not in the set", n)
		}
	}
	for _, n := range []int{1, 62, 65, 199, 201, 1000} {
		if big.has(n) {
			t.Errorf("%d is in the set", n)
		}
	}
	longer := set(3)
	longer = append(longer, 0, 0)
	for _, c := range []struct {
		a, b nodeset
		want bool
	}{
		{nil, nil, true}, {nil, set(0), false}, {set(3), longer, true}, {longer, set(3), true},
		{set(3), set(3, 200), false}, {set(3, 200), set(3), false}, {set(5), set(6), false}, {longer, nil, false},
	} {
		if got := c.a.equal(c.b); got != c.want {
			t.Errorf("%v and %v equal: %t", c.a, c.b, got)
		}
	}
	copied := big.clone()
	copied.add(5)
	if big.has(5) {
		t.Error("a clone shares its memory")
	}
	u := set(1)
	u.union(big)
	if !u.equal(set(0, 1, 63, 64, 200)) {
		t.Errorf("the union is %v", u)
	}
}

func set(nodes ...int) (s nodeset) {
	for _, n := range nodes {
		s.add(n)
	}
	return s
}

// run lets one run go by, at the end of which the node waits for what changed.
func (f *feedback) run(changes map[string]origin, self bool) (slows bool) {
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		slows = f.note(path, changes[path], self) || slows
	}
	f.close(epoch)
	f.slow(epoch, f.streak)
	return slows
}

// TestFeed: the wait that a node gets for the files that change during its
// runs, one string of file names a run; and the file that it is told for.
func TestFeed(t *testing.T) {
	for _, c := range []struct {
		name string
		runs []string
		seen bool
		want time.Duration
		path string
	}{
		{"no changes", []string{"", "", "", "", "", "", ""}, true, 0, ""},
		{"a few times", []string{"a", "a", "a", "a"}, true, 0, ""},
		{"once too often", []string{"a", "a", "a", "a", "a"}, true, 100 * ms, "a"},
		{"again", []string{"a", "a", "a", "a", "a", "a", "a"}, true, 400 * ms, "a"},
		{"for ever", strings.Split(strings.Repeat("a ", 22)+"a", " "), true, 30 * time.Second, "a"},
		{"for ever, by a guess", strings.Split(strings.Repeat("a ", 22)+"a", " "), false, time.Second, "a"},
		{"not the same file", []string{"a", "b", "c", "d", "e", "f", "g"}, true, 0, ""},
		{"with a pause", []string{"a", "a", "a", "a", "", "a", "a"}, true, 0, ""},
		{"the first of several", []string{"ba", "ba", "ba", "ba", "cba"}, true, 100 * ms, "a"},
		{"each a second time", []string{"a", "ab", "bc", "cd", "de"}, true, 100 * ms, "d"},
	} {
		var f feedback
		for i, run := range c.runs {
			if i > 0 {
				f.start()
			}
			changes := map[string]origin{}
			for _, file := range run {
				changes[string(file)] = origin{by: 2, stage: "fmt", at: epoch, loop: true, seen: c.seen}
			}
			f.run(changes, true)
		}
		var got time.Duration
		var path string
		if !f.until.IsZero() {
			got, path = f.until.Sub(epoch), f.path
		}
		if got > 0 && (f.from.by != 2 || f.from.stage != "fmt") {
			t.Errorf("%s: by %+v", c.name, f.from)
		}
		if got != c.want || path != c.path {
			t.Errorf("%s: %v for %q, want %v for %q", c.name, got, path, c.want, c.path)
		}
	}
}

// TestFeedRhythm: without a writer that was seen, only what comes with the same
// lag after each start counts.
func TestFeedRhythm(t *testing.T) {
	for _, c := range []struct {
		name  string
		lags  []int // in ms
		seen  bool
		slows bool
	}{
		{"always the same", []int{50, 50, 50, 50, 50, 50}, false, true},
		{"nearly", []int{900, 1000, 950, 1080, 900, 1000}, false, true},
		{"as people save", []int{900, 2100, 1500, 4000, 700, 1200}, false, false},
		{"one is another", []int{50, 50, 50, 50, 500, 50, 50}, false, false},
		{"seen", []int{900, 2100, 1500, 4000, 700, 1200}, true, true},
	} {
		var f feedback
		slows := false
		for _, lag := range c.lags {
			o := origin{by: 1, loop: true, seen: c.seen, lag: time.Duration(lag) * ms}
			f.start()
			slows = f.run(map[string]origin{"a": o}, true)
		}
		if slows != c.slows || slows == f.until.IsZero() {
			t.Errorf("%s: slows %t until %v, want %t", c.name, slows, f.until, c.slows)
		}
	}
}

// TestFeedOutside: a change that comes while the node does nothing clears it,
// unless it may still be the run's own.
func TestFeedOutside(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   string
		after  time.Duration
		clears bool
	}{
		{"the same file, later", "a", 101 * ms, true},
		{"right after the run", "a", 100 * ms, false},
		{"another file", "b", time.Second, false},
	} {
		var f feedback
		for range 6 {
			f.start()
			f.run(map[string]origin{"a": {loop: true}}, true)
		}
		f.outside(epoch.Add(c.after), c.path)
		if cleared := f.until.IsZero(); cleared != c.clears {
			t.Errorf("%s: cleared %t, want %t", c.name, cleared, c.clears)
		}
	}
}

// TestFeedByAnother: changes during another node's runs count if that one is
// woken in turn, and not if somebody saves the file more than once in a run.
func TestFeedByAnother(t *testing.T) {
	for _, c := range []struct {
		name  string
		loop  bool
		again time.Duration // the file changes once more, so much later; 0: it does not
		slows bool
	}{
		{"they wake each other", true, 0, true},
		{"only one wakes the other", false, 0, false},
		{"it writes the file in steps", true, 250 * ms, true},
		{"somebody saves", true, 251 * ms, false},
	} {
		var f feedback
		for run := range 6 {
			f.start()
			f.note("a", origin{by: 1, run: run, at: epoch, loop: c.loop}, false)
			if c.again > 0 {
				f.note("a", origin{by: 1, run: run, at: epoch.Add(c.again), loop: c.loop}, false)
			}
			f.run(nil, false)
		}
		if slows := !f.until.IsZero(); slows != c.slows {
			t.Errorf("%s: slowed %t, want %t", c.name, slows, c.slows)
		}
		if c.again <= 250*ms && (!f.woken(1) || f.woken(2)) {
			t.Errorf("%s: woken by 1 %t, by 2 %t", c.name, f.woken(1), f.woken(2))
		}
	}
}

func TestEnd(t *testing.T) {
	for _, c := range []struct {
		end  End
		ok   bool
		text string
	}{
		{End{}, true, "exit code 0"},
		{End{Code: 3}, false, "exit code 3"},
		{End{Code: -1, Signal: "SIGKILL"}, false, "SIGKILL"},
		{End{Signal: "SIGTERM"}, false, "SIGTERM"},
		{End{Code: -1, Err: "no such file"}, false, "no such file"},
	} {
		if c.end.OK() != c.ok || c.end.String() != c.text {
			t.Errorf("%+v: ok %t, %q", c.end, c.end.OK(), c.end)
		}
	}
}
