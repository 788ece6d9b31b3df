package procgroup

import (
	"testing"

	"devloop/orchestrator/proctable"
)

// A process belongs to the tree that lived when it began. Start times count in
// ticks of 10 ms, in which one tree can end and the next begin.
func TestOnly(t *testing.T) {
	a, b := &tree{}, &tree{}
	const ever = ^uint64(0)
	for _, tc := range []struct {
		name  string
		lives []life
		p     proctable.Process
		want  *tree
	}{
		{"nobody lived", []life{{tree: a, leader: 10, from: 5, to: 7}}, proctable.Process{PID: 30, Start: 8}, nil},
		{"one lived", []life{{tree: a, leader: 10, from: 5, to: 7}, {tree: b, leader: 20, from: 9, to: ever}}, proctable.Process{PID: 30, Start: 12}, b},
		{"two lived", []life{{tree: a, leader: 10, from: 5, to: ever}, {tree: b, leader: 20, from: 9, to: ever}}, proctable.Process{PID: 30, Start: 12}, nil},
		{"one of two has ended since", []life{{tree: a, leader: 10, from: 5, to: 20}, {tree: b, leader: 20, from: 9, to: ever}}, proctable.Process{PID: 30, Start: 12}, nil},
		{"in the tick of both", []life{{tree: a, leader: 10, from: 5, to: 9}, {tree: b, leader: 20, from: 9, to: ever, before: []*tree{a}}}, proctable.Process{PID: 30, Start: 9}, b},
		{"in that tick, before the second", []life{{tree: a, leader: 10, from: 5, to: 9}, {tree: b, leader: 20, from: 9, to: ever, before: []*tree{a}}}, proctable.Process{PID: 15, Start: 9}, a},
		{"in that tick, both at once", []life{{tree: a, leader: 10, from: 5, to: 9}, {tree: b, leader: 20, from: 9, to: ever}}, proctable.Process{PID: 30, Start: 9}, nil},
		{"the end was noted late", []life{{tree: a, leader: 10, from: 5, to: 10}, {tree: b, leader: 20, from: 9, to: ever, before: []*tree{a}}}, proctable.Process{PID: 30, Start: 10}, b},
	} {
		r := &registry{lives: tc.lives}
		if got := r.only(tc.p); got != tc.want {
			t.Errorf("%s: got %p, want %p", tc.name, got, tc.want)
		}
	}
}
