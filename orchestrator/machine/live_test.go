package machine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestLive: at any moment of a random sequence, Live says what a question that is asked then is told.
func TestLive(t *testing.T) {
	seen := map[Liveness]int{}
	for s := *seed; s < *seed+*count/4; s++ {
		rng := rand.New(rand.NewPCG(s, 0))
		d := &dice{rng: rng}
		cfg, err := parseConfig(randomProject(d))
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(d, cfg)
		_ = w.life() // what it says is TestRandom's
		for range 5 {
			state, err := w.asked(rng.IntN(len(w.log)))
			if err != nil {
				t.Fatalf("-machine.seed=%d: %v\n%s", s, err, w.transcript())
			}
			seen[state]++
		}
	}
	for _, state := range []Liveness{Live, Failed, Building, Behind} {
		if seen[state] == 0 {
			t.Errorf("it was never %s: %v", state, seen)
		}
	}
}

// asked asks another machine, after as many steps, whether all is live, and checks what it says first.
func (w *world) asked(steps int) (Liveness, error) {
	m := New(w.edited.whole)
	for _, e := range w.log[:steps+1] {
		m.Step(e.now, e.ev)
	}
	e := w.log[steps]
	if m.ending.begun {
		return "", nil
	}
	m.Step(e.now, Asked{})
	state, nodes := m.Live()
	said := fmt.Sprintf("%s after %s: it is %s %v", since(e.now), describe(&w.cfg, e.ev), state, nodes)
	var told *Awaited
	for _, a := range m.Step(e.now, Await{ID: -1}) {
		if a, is := a.(Awaited); is && a.ID == -1 {
			told = &a
		}
	}
	switch {
	case told == nil && (state == Live || state == Failed):
		return state, fmt.Errorf("%s, and a question is not answered", said)
	case told != nil && told.OK != (state == Live):
		return state, fmt.Errorf("%s, and a question is told %v", said, told.OK)
	case told != nil && !told.OK && (state != Failed || nodes[0] != told.Node):
		return state, fmt.Errorf("%s, and a question is told of %d", said, told.Node)
	case state == Live && len(nodes) > 0 || state != Live && len(nodes) == 0 && m.started:
		return state, fmt.Errorf("%s", said)
	}
	return state, nil
}
