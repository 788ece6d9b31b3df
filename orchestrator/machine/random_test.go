package machine

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

var (
	seed  = flag.Uint64("machine.seed", 1, "the first random sequence")
	count = flag.Uint64("machine.n", uint64(testenv.Either(2000, 10_000)), "how many random sequences")
)

// changing finds the numbers of nodes and the times in messages, to tell their kinds.
var changing = regexp.MustCompile(`\b([wp])\d+(?:@\d+)?\b|\+[0-9][0-9.a-z]*`)

// TestRandom plays random sequences on random projects, each named by its
// seed, and checks after every step what must always hold. It shows the
// shortest of each kind of failure that it finds.
func TestRandom(t *testing.T) {
	failures := map[string][]string{}
	for i := range *count {
		s := *seed + i
		if err := playRandom(&dice{rng: rand.New(rand.NewPCG(s, 0))}); err != nil {
			what, _, _ := strings.Cut(err.Error(), "\n")
			kind := changing.ReplaceAllString(what, "$1")
			failures[kind] = append(failures[kind], fmt.Sprintf("-machine.seed=%d -machine.n=1: %v", s, err))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(failures)) {
		all := failures[kind]
		shortest := slices.MinFunc(all, func(a, b string) int { return len(a) - len(b) })
		t.Errorf("%d times: %s\n%s", len(all), kind, shortest)
	}
}

// FuzzSequence lets the fuzzer make the choices.
func FuzzSequence(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzSequence.txtar")
	f.Add([]byte("0"))
	for s := range uint64(8) {
		rng := rand.New(rand.NewPCG(s, 1))
		data := make([]byte, 400)
		for i := range data {
			data[i] = byte(rng.IntN(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := playRandom(&dice{data: append([]byte{}, data...)}); err != nil {
			t.Fatal(err)
		}
	})
}

// playRandom plays one sequence: a start, things that happen, calm until
// nothing moves, and the end. Its error holds the project and the transcript.
func playRandom(d *dice) error {
	text := randomProject(d)
	cfg, err := parseConfig(text)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	w := newWorld(d, cfg)
	if err := w.life(); err != nil {
		return fmt.Errorf("%w\n%s%s", err, text, w.transcript())
	}
	if err := w.replay(); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

func (w *world) life() error {
	w.surround()
	if err := w.step(Start{}); err != nil {
		return err
	}
	end := w.happenings()
	if err := w.until(end); err != nil {
		return err
	}
	w.calm, w.git = true, false
	if w.m.paused && w.d.percent(80) {
		w.queue = append(w.queue, &timed{end, Pause{}})
	}
	if err := w.settle(); err != nil {
		return err
	}
	if !w.mon.ending && !w.cfg.Once {
		for id := range w.mon.barriers {
			if !slices.ContainsFunc(w.mon.status, func(st NodeStatus) bool { return st.Busy }) {
				return fmt.Errorf("the barrier %d is never answered", id)
			}
		}
		if err := w.mon.rest(); err != nil {
			return err
		}
		if err := w.shutdown(); err != nil {
			return err
		}
	}
	return w.over()
}

// surround decides who watches what, and who writes what it watches.
func (w *world) surround() {
	w.passes.content, w.passes.known = make([]int, len(w.cfg.Nodes)), map[job]int{}
	for _, path := range []string{"a", "b", "c", "d"} {
		var nodes []int
		for i := range w.cfg.Nodes {
			if w.d.percent(35) {
				nodes = append(nodes, i)
			}
		}
		w.paths[path] = nodes
	}
	for range w.cfg.Nodes {
		w.self = append(w.self, w.d.percent(8))
		w.passes.of = append(w.passes.of, w.d.percent(60))
	}
}

// happenings puts what comes from outside into the queue, and returns when
// the last of it comes.
func (w *world) happenings() time.Time {
	at := w.now
	if w.cfg.Once {
		if w.d.percent(20) {
			at = at.Add(w.d.pick(0, 1, 50, 1000, 8000))
			w.queue = append(w.queue, &timed{at, Shutdown{Code: 130}})
		}
		return at
	}
	for range w.d.n(25) {
		at = at.Add(w.d.pick(0, 1, 1, 5, 20, 60, 300, 300, 2000, 4000, 20000))
		w.queue = append(w.queue, &timed{at, w.happening()})
	}
	return at
}

func (w *world) happening() Event {
	node := w.d.n(len(w.cfg.Nodes))
	switch k := w.d.n(100); {
	case k < 60:
		var changes []Change
		for range 1 + w.d.n(2) {
			path := string(rune('a' + w.d.n(4)))
			changes = append(changes, Change{Path: path, Nodes: w.paths[path]})
		}
		return FilesChanged{changes}
	case k < 67:
		var nodes []int
		for _, r := range w.cfg.Nodes[node].Readers {
			nodes = append(nodes, r.Node)
		}
		return FilesChanged{[]Change{{Path: "." + w.cfg.Nodes[node].Name, Nodes: nodes, AtOnce: true}}}
	case k < 87:
		ev := Command{[]Verb{Trigger, Restart, Stop, Resume, Resume}[w.d.n(5)], []int{node}}
		for w.d.percent(40) {
			ev.Nodes = append(ev.Nodes, w.d.n(len(w.cfg.Nodes)))
		}
		return ev
	case k < 91:
		w.asks++
		ev := Await{ID: w.asks}
		if w.d.percent(50) {
			ev.Nodes = []int{node}
		}
		return ev
	case k < 92:
		return Asked{}
	case k < 94:
		return w.edited.next(w.d)
	case k < 95:
		return gitLock{w.d.percent(50)}
	case k < 96:
		return Pause{On: !w.m.paused}
	case k < 99:
		if w.cfg.Nodes[node].Watcher != nil {
			return StageExited{Node: node, Run: w.d.n(3) - 1, End: End{Code: 1}}
		}
		return ProcessExited{node, w.d.n(2) - 1, End{Code: 1}}
	}
	return Shutdown{Code: 130, Hard: w.d.percent(20)}
}

// edited is a configuration that somebody edits: nodes are taken out and put
// back, and stages change.
type edited struct {
	whole Config // every node that there can be
	gone  []bool
	other []bool // a watcher has other stages than in whole
}

// next makes the next edition.
func (e *edited) next(d *dice) Reconfigure {
	e.gone = append(e.gone, make([]bool, len(e.whole.Nodes)-len(e.gone))...)
	e.other = append(e.other, make([]bool, len(e.whole.Nodes)-len(e.other))...)
	var ev Reconfigure
	for i := range e.gone {
		switch {
		case d.percent(25):
			e.gone[i] = !e.gone[i]
		case !e.gone[i] && d.percent(30):
			ev.Changed = append(ev.Changed, i)
			e.other[i] = e.other[i] != d.percent(50)
		}
	}
	ev.Config = e.config()
	return ev
}

// config is the configuration as it is written now.
func (e *edited) config() Config {
	cfg := Config{Jobs: e.whole.Jobs, RemoteJobs: e.whole.RemoteJobs}
	for i, n := range e.whole.Nodes {
		switch {
		case e.gone[i] && n.Watcher != nil:
			cfg.Nodes = append(cfg.Nodes, Node{Name: n.Name, Gone: true, Watcher: &Watcher{}})
			continue
		case e.gone[i]:
			cfg.Nodes = append(cfg.Nodes, Node{Name: n.Name, Gone: true, Process: &Process{StopTimeout: n.Process.StopTimeout}})
			continue
		}
		n.Upstream = slices.DeleteFunc(slices.Clone(n.Upstream), func(u int) bool { return e.gone[u] })
		n.Readers = slices.DeleteFunc(slices.Clone(n.Readers), func(r Reader) bool { return e.gone[r.Node] })
		n.Needs = slices.DeleteFunc(slices.Clone(n.Needs), func(need Need) bool { return e.gone[need.Node] })
		if n.Watcher != nil && e.other[i] {
			w := *n.Watcher
			w.Groups = append(w.Groups[min(1, len(w.Groups)):len(w.Groups):len(w.Groups)], []Stage{{Name: "new"}, {Name: "newer"}})
			n.Watcher = &w
		}
		cfg.Nodes = append(cfg.Nodes, n)
	}
	return cfg
}

// gitLock is no event of the machine's: it decides what the next ticks say.
type gitLock struct{ held bool }

func (gitLock) event() {}

// until plays what comes before that time.
func (w *world) until(end time.Time) error {
	for range 100_000 {
		at, waits := w.m.Deadline()
		for _, t := range w.queue {
			if !waits || t.at.Before(at) {
				at, waits = t.at, true
			}
		}
		if !waits || at.After(end) || w.mon.exits > 0 {
			return nil
		}
		if _, err := w.next(); err != nil {
			return err
		}
	}
	return fmt.Errorf("it goes on and on")
}

// settle plays until nothing moves any more.
func (w *world) settle() error {
	for range 100_000 {
		if w.mon.exits > 0 {
			return nil
		}
		if moved, err := w.next(); err != nil || !moved {
			return err
		}
	}
	return fmt.Errorf("it never comes to rest")
}

func (w *world) shutdown() error {
	if err := w.step(Shutdown{Code: 130, Hard: w.d.percent(10)}); err != nil {
		return err
	}
	if w.d.percent(40) {
		w.queue = append(w.queue, &timed{w.now.Add(w.d.pick(0, 1, 1000, 3000)), Shutdown{Code: 130}})
	}
	return w.settle()
}

// over checks the end.
func (w *world) over() error {
	if w.mon.exits != 1 {
		return fmt.Errorf("the loop has ended %d times", w.mon.exits)
	}
	if actions := w.m.Step(w.now, Tick{}); len(actions) > 0 {
		return fmt.Errorf("something happens after the end: %s", describe(&w.cfg, actions[0]))
	}
	if at, waits := w.m.Deadline(); waits {
		return fmt.Errorf("after the end it waits for %s", since(at))
	}
	return w.mon.exitCode()
}

// exitCode checks the exit code against what is known of the nodes.
func (mon *monitor) exitCode() error {
	want := mon.asked
	if !mon.ending {
		want = mon.verdict()
	}
	if mon.code != want {
		return fmt.Errorf("the loop ends with code %d, it should be %d", mon.code, want)
	}
	return nil
}

// verdict is the exit code of a single run that ends by itself.
func (mon *monitor) verdict() int {
	for _, n := range mon.nodes {
		if n.w != nil && !n.passed {
			return 1
		}
	}
	return 0
}
