package machine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"devloop/schema"
)

// dice makes every choice of a random sequence, so that a seed, or a fuzzer's
// bytes, name the whole sequence.
type dice struct {
	rng  *rand.Rand
	data []byte // choices come from here first if it is not nil; then all are 0
}

// n is a number from 0 to k-1; k is at most 256.
func (d *dice) n(k int) int {
	if d.data == nil {
		return d.rng.IntN(k)
	}
	if len(d.data) == 0 {
		return 0
	}
	b := int(d.data[0])
	d.data = d.data[1:]
	if len(d.data) == 0 {
		d.data = []byte{}
	}
	return b % k
}

func (d *dice) percent(p int) bool { return d.n(100) >= 100-p }

func (d *dice) pick(ms ...int) time.Duration {
	return time.Duration(ms[d.n(len(ms))]) * time.Millisecond
}

// world answers the machine's actions the way a system might: stages take
// their time and fail, processes crash, are late, ignore that they should stop.
type world struct {
	d     *dice
	cfg   Config
	m     *Machine
	mon   *monitor
	now   time.Time
	queue []*timed
	git   bool // holds its index lock
	calm  bool // nothing crashes and nobody interferes from now on
	jobs  map[job]*timed
	paths map[string][]int // who watches it
	self  []bool           // the node writes what it watches
	log   []entry
	asks  int

	edited edited
	passes passes
}

// passes are what a cache knows of the stages: with which contents of the files each of them has passed.
type passes struct {
	of      []bool      // a watcher has reuse
	content []int       // of the files that a watcher watches
	known   map[job]int // how often a stage has passed with a content, which is in num
}

// begin tells what becomes of a stage, and whether an earlier pass stands for it.
func (p *passes) begin(d *dice, a StartStage) Reuse {
	if !p.of[a.Node] || a.Stage == 3 {
		return Reuse{}
	}
	content := p.content[a.Node]
	known := p.known[job{a.Node, content, a.Stage}] > 0
	return Reuse{Product: fmt.Sprintf("%d/%d", a.Stage, content), Hit: known && !a.Fresh && d.percent(90)}
}

// end keeps a pass, unless the files have changed meanwhile.
func (p *passes) end(ev StageExited) StageExited {
	content := p.content[ev.Node]
	switch {
	case ev.Reuse.Product == "" || ev.Reuse.Hit && ev.End.OK():
	case !ev.End.OK(): // and what it has left is not what it says
	case ev.Reuse.Product != fmt.Sprintf("%d/%d", ev.Stage, content):
		ev.Reuse = Reuse{}
	default:
		p.known[job{ev.Node, content, ev.Stage}]++
	}
	return ev
}

// job is a live stage, or a live process with stage -1.
type job struct{ node, num, stage int }

// timed is an event to come.
type timed struct {
	at time.Time
	ev Event
}

// entry is one step, to be taken again by another machine.
type entry struct {
	now     time.Time
	ev      Event
	actions []Action
}

func newWorld(d *dice, cfg Config) *world {
	return &world{d: d, cfg: cfg, m: New(cfg), mon: newMonitor(cfg), now: epoch,
		jobs: map[job]*timed{}, paths: map[string][]int{}, edited: edited{whole: cfg}}
}

func (w *world) later(in time.Duration, ev Event) *timed {
	t := &timed{w.now.Add(in), ev}
	w.queue = append(w.queue, t)
	return t
}

// step gives the machine an event, and checks what comes of it.
func (w *world) step(ev Event) error {
	if ev, is := ev.(Reconfigure); is {
		w.cfg = ev.Config
	}
	actions := w.m.Step(w.now, ev)
	w.log = append(w.log, entry{w.now, ev, actions})
	err := w.mon.observe(w.now, ev, actions, w.m.Status())
	if w.cfg.Once && w.m.ending.begun && !w.mon.ending {
		w.mon.ending, w.mon.asked = true, w.mon.verdict()
	}
	if err == nil && (w.m.slots != w.mon.stages || w.m.remote != w.mon.remote) {
		err = fmt.Errorf("%d slots taken by %d stages, and %d by %d remote ones", w.m.slots, w.mon.stages, w.m.remote, w.mon.remote)
	}
	for _, a := range actions {
		w.answer(a)
	}
	return err
}

// next takes the next event, whatever it is; false if there is none.
func (w *world) next() (bool, error) {
	first := -1
	for i, t := range w.queue {
		if first < 0 || t.at.Before(w.queue[first].at) {
			first = i
		}
	}
	at, waits := w.m.Deadline()
	if waits && (first < 0 || at.Before(w.queue[first].at) || at.Equal(w.queue[first].at) && w.d.percent(50)) {
		return true, w.tick(at)
	}
	if first < 0 {
		return false, nil
	}
	t := w.queue[first]
	w.queue = slices.Delete(w.queue, first, first+1)
	if t.at.After(w.now) {
		w.now = t.at
	}
	switch ev := t.ev.(type) {
	case StageExited:
		t.ev = w.passes.end(ev)
	case FilesChanged:
		for _, c := range ev.Changes {
			for _, i := range c.Nodes {
				w.passes.content[i] = w.d.n(3)
			}
		}
	}
	w.forget(t.ev)
	if lock, is := t.ev.(gitLock); is {
		w.git = lock.held
		return true, nil
	}
	return true, w.step(t.ev)
}

// tick reaches a deadline. Once the machine has acted on it, time must pass
// before it asks for another, and asking again must lead to nothing.
func (w *world) tick(at time.Time) error {
	if at.After(w.now) {
		w.now = at
	}
	if err := w.step(Tick{VCSBusy: w.git && w.m.Settling()}); err != nil {
		return err
	}
	if at, waits := w.m.Deadline(); waits && !at.After(w.now) {
		return fmt.Errorf("the deadline %s does not move on", since(at))
	}
	if w.d.percent(5) && !w.git {
		before := len(w.log)
		if err := w.step(Tick{}); err != nil {
			return err
		}
		if len(w.log[before].actions) > 0 {
			return fmt.Errorf("a second tick at the same time still leads to something")
		}
	}
	return nil
}

// forget notes that a job is over.
func (w *world) forget(ev Event) {
	switch ev := ev.(type) {
	case StageExited:
		delete(w.jobs, job{ev.Node, ev.Run, ev.Stage})
	case ProcessExited:
		delete(w.jobs, job{ev.Node, ev.Gen, -1})
	}
}

// answer does what an action asks for, or what becomes of it.
func (w *world) answer(a Action) {
	switch a := a.(type) {
	case StartStage:
		end := End{}
		if w.d.percent(20) {
			end = End{Code: 1 + w.d.n(2)}
		}
		took := w.d.pick(0, 1, 10, 100, 300, 2000, 7000)
		reuse := w.passes.begin(w.d, a)
		if reuse.Hit {
			end, took = End{}, w.d.pick(0, 1, 10)
		}
		w.jobs[job{a.Node, a.Run, a.Stage}] = w.later(took, StageExited{a.Node, a.Run, a.Stage, end, reuse})
		if w.self[a.Node] && !w.calm && !w.cfg.Once {
			w.writes(a.Node, took/2)
		}
	case StopStage:
		if !w.d.percent(15) {
			w.hurry(job{a.Node, a.Run, a.Stage}, w.d.pick(0, 0, 1, 100, 1900), "SIGTERM")
		}
	case KillStage:
		w.hurry(job{a.Node, a.Run, a.Stage}, w.d.pick(0, 1), "SIGKILL")
	case Drain:
		w.later(w.d.pick(0, 0, 1, 30), Drained{a.Node, a.Run})
	case Touch:
		w.later(0, Touched{a.Node, a.Run, ""})
	case StartProcess:
		w.startProcess(a)
	case StopProcess:
		if !w.d.percent(15) {
			w.hurry(job{a.Node, a.Gen, -1}, w.d.pick(0, 1, 5, 1000, 4900), "SIGTERM")
		}
	case KillProcess:
		w.hurry(job{a.Node, a.Gen, -1}, w.d.pick(0, 1), "SIGKILL")
	}
}

func (w *world) startProcess(a StartProcess) {
	key := job{a.Node, a.Gen, -1}
	exit := func(in time.Duration, end End) { w.jobs[key] = w.later(in, ProcessExited{a.Node, a.Gen, end}) }
	if !w.calm && w.d.percent(5) {
		exit(w.d.pick(0, 1), End{Code: -1, Err: "no such file"})
		return
	}
	w.later(0, ProcessStarted{a.Node, a.Gen, 100 + a.Gen})
	if w.self[a.Node] && !w.calm && !w.cfg.Once {
		w.writes(a.Node, w.d.pick(0, 50, 50, 50, 1000))
	}
	switch {
	case w.oneShot(a.Node):
		end := End{}
		if !w.calm && w.d.percent(20) {
			end = End{Code: 1}
		}
		exit(w.d.pick(0, 100, 3000), end)
	case !w.calm && w.d.percent(30):
		exit(w.d.pick(0, 100, 3000, 15000), []End{{Code: 1}, {}, {Code: -1, Signal: "SIGSEGV"}}[w.d.n(3)])
	default:
		// It stays up; this is where stopping it will put its end.
		t := &timed{at: w.now.Add(1 << 60), ev: ProcessExited{a.Node, a.Gen, End{}}}
		w.jobs[key] = t
	}
	if w.cfg.Nodes[a.Node].Process.Probed && (w.calm || !w.d.percent(10)) {
		w.later(w.d.pick(0, 10, 1000, 70000), ProcessReady{a.Node, a.Gen})
	}
}

// writes makes a node change what it watches, at which it may be seen.
func (w *world) writes(node int, in time.Duration) {
	c := Change{Path: "self", Nodes: []int{node}}
	if w.d.percent(30) {
		c.Writers = []int{node}
	}
	w.later(in, FilesChanged{[]Change{c}})
}

// oneShot tells whether somebody waits for the process to succeed.
func (w *world) oneShot(node int) bool {
	for _, n := range w.cfg.Nodes {
		for _, need := range n.Needs {
			if need.Node == node && need.Condition == schema.Succeeded {
				return true
			}
		}
	}
	return false
}

// hurry makes a job end no later than that.
func (w *world) hurry(key job, in time.Duration, signal string) {
	t := w.jobs[key]
	if t == nil || t.at.Before(w.now.Add(in)) {
		return
	}
	if i := slices.Index(w.queue, t); i >= 0 {
		w.queue = slices.Delete(w.queue, i, i+1)
	}
	end := End{Code: -1, Signal: signal}
	if w.d.percent(30) {
		end = End{} // it ends well when asked
	}
	switch ev := t.ev.(type) {
	case StageExited:
		ev.End = end
		t.ev = ev
	case ProcessExited:
		ev.End = end
		t.ev = ev
	}
	t.at = w.now.Add(in)
	w.queue = append(w.queue, t)
}

// replay gives the same events to another machine: the same must come of it.
func (w *world) replay() error {
	m := New(w.edited.whole)
	for i, e := range w.log {
		if again := m.Step(e.now, e.ev); !reflect.DeepEqual(again, e.actions) {
			return fmt.Errorf("step %d (%s) leads to something else the second time:\n%v\n%v",
				i, describe(&w.cfg, e.ev), e.actions, again)
		}
	}
	return nil
}

// transcript writes down what happened.
func (w *world) transcript() string {
	var b strings.Builder
	for _, e := range w.log {
		if _, tick := e.ev.(Tick); tick && len(e.actions) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%-9s > %s\n", since(e.now), describe(&w.cfg, e.ev))
		for _, a := range e.actions {
			fmt.Fprintf(&b, "          %s\n", describe(&w.cfg, a))
		}
	}
	return b.String()
}
