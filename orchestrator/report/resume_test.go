package report

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/schema"
)

// client reads events, and comes back where it was.
type client struct {
	*Reader
	boot   string
	at     uint64
	got    []int // the numbers that events have here, since the last snapshot
	last   int   // that the last snapshot knew
	gaps   bool
	begins bool // the next event is the first
}

func (c *client) since() string {
	if c.boot == "" {
		return ""
	}
	return fmt.Sprintf("%s.%d", c.boot, c.at)
}

// connect has the client read a log, in which the last event has the number last.
func (c *client) connect(l *Log, last int) {
	c.Reader, c.begins = NewReader(), true
	if c.boot == "" {
		c.got, c.last, c.at, c.gaps = nil, last, l.seq, false // it reads from now on
	}
	l.Subscribe(c.Reader, c.since(), false, func() control.Status { return control.Status{PID: last} })
}

// read takes events, so many at most.
func (c *client) read(t *testing.T, most int) {
	t.Helper()
	for ; most > 0 && len(c.Events()) > 0; most-- {
		e := <-c.Events()
		if c.begins != (e.Kind == "subscribed") {
			t.Fatalf("first: %v, and it is %+v", c.begins, e)
		}
		switch e.Kind {
		case "subscribed":
			c.begins = false
			if e.Boot == "" {
				continue // the state comes, or is lost and comes another time
			}
			c.boot = e.Boot
		case "snapshot":
			c.got, c.last, c.gaps, c.boot = nil, e.Status.PID, false, e.Boot
		case "missed":
			c.gaps = true
		default:
			if e.Seq != c.at+1 && !c.gaps {
				t.Fatalf("%d after %d", e.Seq, c.at)
			}
			c.got = append(c.got, e.Number)
		}
		if e.Seq < c.at && e.Kind != "subscribed" && e.Kind != "snapshot" {
			t.Fatalf("%s: %d after %d", e.Kind, e.Seq, c.at)
		}
		c.at = e.Seq
	}
}

// TestResume: a client comes and goes, is slow, stays away for longer than events are kept, and meets another loop. What it
// has, from its last snapshot on, is every event, once.
func TestResume(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		l, published := NewLog(&graph.Graph{}, nil), 0
		var c client
		c.connect(l, 0)
		for range 40 {
			switch n := rng.IntN(100); {
			case n < 55:
				for range rng.IntN(40) {
					published++
					l.publish(control.Event{Kind: "x", Number: published})
				}
			case n < 58:
				for range recent + rng.IntN(queued) {
					published++
					l.publish(control.Event{Kind: "x", Number: published})
				}
			case n < 75:
				c.read(t, rng.IntN(60))
			case n < 97:
				l.Leave(c.Reader)
				if rng.IntN(2) == 0 { // else it comes back before anything happens
					published++
					l.publish(control.Event{Kind: "x", Number: published})
				}
				c.connect(l, published)
			default:
				l, published = NewLog(&graph.Graph{}, nil), 0
				c.connect(l, 0)
			}
		}
		l.Leave(c.Reader)
		c.connect(l, published)
		c.read(t, queued)
		if c.gaps {
			continue // as it was told; it did not ask for what it had missed
		}
		want := c.last
		for _, n := range c.got {
			if want++; n != want {
				t.Fatalf("seed %d: %d where %d should be", seed, n, want)
			}
		}
		if want != published || c.at != l.seq {
			t.Fatalf("seed %d: it has %d of %d events, and is at %d of %d", seed, want, published, c.at, l.seq)
		}
	}
}

// TestResumeAfterMissed: what a slow reader has missed, it gets when it comes back, as long as it is kept.
func TestResumeAfterMissed(t *testing.T) {
	l := NewLog(&graph.Graph{}, nil)
	c := client{Reader: &Reader{queue: make(chan control.Event, 3)}, begins: true}
	l.Subscribe(c.Reader, "", false, nil)
	for i := range 6 {
		l.publish(control.Event{Kind: "x", Number: i + 1})
	}
	c.read(t, 3)
	l.publish(control.Event{Kind: "x", Number: 7})
	e := <-c.Events()
	if e.Kind != "missed" || e.Missed != 4 || e.Seq != 2 {
		t.Errorf("missed: %+v", e)
	}
	l.Leave(c.Reader)
	c.connect(l, 7)
	c.read(t, 100)
	if fmt.Sprint(c.got) != "[1 2 3 4 5 6 7]" {
		t.Errorf("it has %v", c.got)
	}
}

// TestSnapshot: a new reader gets the state only if it asks, one that cannot go on gets it anyway, and one that can does not.
func TestSnapshot(t *testing.T) {
	l := NewLog(&graph.Graph{}, nil)
	l.publish(control.Event{Kind: "x"})
	for _, c := range []struct {
		since    string
		snapshot bool
		second   string
	}{
		{"", false, ""}, {"", true, "snapshot"},
		{l.boot + ".1", true, ""}, {l.boot + ".0", true, "x"}, {l.boot + ".0", false, "x"},
		{l.boot + ".2", false, "snapshot"}, {"other.1", false, "snapshot"}, {l.boot, false, "snapshot"}, {l.boot + ".-1", false, "snapshot"}, {".", false, "snapshot"},
	} {
		r := NewReader()
		l.Subscribe(r, c.since, c.snapshot, func() control.Status { return control.Status{} })
		first, second := <-r.Events(), control.Event{}
		if len(r.Events()) > 0 {
			second = <-r.Events()
		}
		if first.Kind != "subscribed" || first.Boot+second.Boot != l.boot || second.Kind != c.second || (second.Status != nil) != (c.second == "snapshot") || len(r.Events()) > 0 {
			t.Errorf("since %q: %+v, %+v", c.since, first, second)
		}
	}
}

// TestStands: a change of what is live is an event, and nothing else is.
func TestStands(t *testing.T) {
	l := NewLog(&graph.Graph{Nodes: []graph.Node{{Name: "a"}}}, nil)
	r := NewReader()
	l.Subscribe(r, "", false, nil)
	stands := func(state machine.Liveness, nodes ...string) {
		l.Stands(state, nodes, func() []machine.NodeStatus { return nil }, func() string { return "why" })
	}
	stands(machine.Building)
	l.Began("a")
	stands(machine.Building, "a")
	stands(machine.Building, "a")
	stands(machine.Live)
	l.cycles.rested([]machine.NodeStatus{{Name: "a"}}, 1)
	l.Changed("a", "/f")
	stands(machine.Failed, "a")
	stands(machine.Failed, "a")
	<-r.Events()
	for _, want := range []control.Live{
		{State: "building", Newest: 1, Nodes: []string{"a"}}, {State: "live", Cycle: 1, Newest: 1}, {State: "failed", Cycle: 1, Newest: 2, Nodes: []string{"a"}, Why: "why"},
	} {
		if e := <-r.Events(); e.Kind != "live" || fmt.Sprint(*e.Live) != fmt.Sprint(want) {
			t.Errorf("got %+v, want %+v", e.Live, want)
		}
	}
	if len(r.Events()) > 0 {
		t.Errorf("and then %+v", <-r.Events())
	}
}

// TestAnswers: what answers is what the processes that are up were made from, whatever else is not live.
func TestAnswers(t *testing.T) {
	g := &graph.Graph{Nodes: []graph.Node{{Name: "check"}, {Name: "tests"}, {Name: "server", Process: &schema.Process{Sockets: make([]schema.SocketRef, 1)}}, {Name: "worker", Process: &schema.Process{}},
		{Name: "front", Process: &schema.Process{Sockets: make([]schema.SocketRef, 1)}}},
		Edges: []graph.Edge{{From: 0, To: 1}, {From: 0, To: 2}}}
	l := NewLog(g, nil)
	l.meant, l.built.from["server"], l.built.from["worker"] = 5, 3, 2
	passed, failed := machine.NodeStatus{Watcher: true, State: "passed"}, machine.NodeStatus{Watcher: true, State: "failed", Failed: true}
	server, worker, down := machine.NodeStatus{Name: "server", State: "ready"}, machine.NodeStatus{Name: "worker", State: "ready", Busy: true}, machine.NodeStatus{State: "backing off"}
	front, starts := server, machine.NodeStatus{Name: "server", State: "starting", Busy: true}
	front.Name = "front"
	dropped := server
	dropped.Dropped = &machine.Drop{}
	for _, c := range []struct {
		name  string
		nodes []machine.NodeStatus
		whole int
		want  int
	}{
		{"the tests beside have failed", []machine.NodeStatus{passed, failed, server, worker}, 2, 5},
		{"what it is built by has failed", []machine.NodeStatus{failed, passed, server, worker}, 2, 3},
		{"what it is built by has failed, and nothing of the save before was for it", []machine.NodeStatus{failed, passed, server, worker}, 4, 4},
		{"its new version was dropped", []machine.NodeStatus{passed, passed, dropped, worker}, 2, 3},
		{"it is down, and another one is up", []machine.NodeStatus{passed, passed, down, worker}, 1, 2},
		{"only one of two starts anew", []machine.NodeStatus{passed, passed, starts, worker, front}, 4, 4},
		{"both of two answer", []machine.NodeStatus{passed, passed, {Name: "server", State: "ready"}, worker, front}, 4, 5},
		{"all are down", []machine.NodeStatus{passed, passed, down, down}, 4, 0},
	} {
		if got := l.answers(c.whole, c.nodes); got != c.want {
			t.Errorf("%s: save %d answers, not %d", c.name, got, c.want)
		}
	}
}
