package watching

import (
	"slices"
	"testing"
	"time"
)

func TestReactions(t *testing.T) {
	run := func(at instant) ran { return ran{pid: 1, start: at, end: at + 1} }
	single := func(at instant) saved { return saved{at, at} }
	const far = 1000
	for _, c := range []struct {
		name   string
		saves  []saved
		began  []instant
		runs   []ran
		took   []time.Duration
		missed int
		extra  int
	}{
		{"a run for each save", []saved{single(100), single(200)}, []instant{100, 200}, []ran{run(105), run(207)}, []time.Duration{5, 7}, 0, 0},
		{"what came before the first save is nobody's", []saved{single(100)}, []instant{100}, []ran{run(50), run(105)}, []time.Duration{5}, 0, 0},
		{"a run too many", []saved{single(100)}, []instant{100}, []ran{run(105), run(110)}, []time.Duration{5}, 0, 1},
		{"heard of in another order", []saved{single(100)}, []instant{100}, []ran{run(110), run(105)}, []time.Duration{5}, 0, 1},
		{"no run", []saved{single(100), single(200)}, []instant{100, 200}, []ran{run(207)}, []time.Duration{7}, 1, 0},
		{"too late for the bound", []saved{single(100)}, []instant{100}, []ran{run(100 + far + 1)}, nil, 1, 1},
		{"another kind's save in between", []saved{single(100)}, []instant{100, 150}, []ran{run(105), run(155)}, []time.Duration{5}, 0, 0},
		{"a burst: only what started after the last step has seen it", []saved{{100, 120}}, []instant{100}, []ran{run(103), run(124)}, []time.Duration{4}, 0, 1},
		{"a burst whose end nobody saw", []saved{{100, 120}}, []instant{100}, []ran{run(103)}, nil, 1, 1},
	} {
		got := reactions(c.saves, c.began, c.runs, far)
		if !slices.Equal(got.took, c.took) || got.missed != c.missed || got.extra != c.extra {
			t.Errorf("%s: got %+v, want took %v, missed %d, extra %d", c.name, got, c.took, c.missed, c.extra)
		}
	}
}
