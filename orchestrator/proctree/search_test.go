package proctree

import (
	"os"
	"slices"
	"testing"

	"devloop/orchestrator/proctable"
)

func TestCarries(t *testing.T) {
	for _, tc := range []struct {
		value, mark string
		want        bool
	}{
		{"m", "m", true},
		{"m/1", "m", true},
		{"m1", "m", false},
		{"m", "m/1", false},
		{"n/m", "m", false},
		{"", "", false},
		{"m", "", false},
		{"", "m", false},
	} {
		if got := Carries(tc.value, tc.mark); got != tc.want {
			t.Errorf("Carries(%q, %q) is %v", tc.value, tc.mark, got)
		}
	}
}

// Who belongs to a tree that process 10 has begun, in any order of the table.
func TestFind(t *testing.T) {
	const nobody = 1 << 22 // has no environment: more than there can be (pid_max)
	member := func(pid, parent, group, session int, start uint64) proctable.Process {
		return proctable.Process{PID: nobody + pid, Parent: nobody + parent, Group: nobody + group, Session: nobody + session, Start: start}
	}
	leader := member(10, 1, 10, 10, 100)
	table := []proctable.Process{
		leader,
		member(11, 10, 10, 10, 101), // in its group
		member(12, 1, 12, 10, 101),  // a job in its session, whose parent is gone
		member(13, 12, 13, 13, 102), // a child in a session of its own
		member(14, 1, 14, 13, 103),  // in that session
		member(20, 1, 20, 20, 104),  // by the mark
		member(21, 1, 20, 20, 105),  // in the group that this one leads
		member(31, 1, 31, 30, 104),  // by the mark, in a session that another one has begun
		member(32, 1, 32, 30, 104),  // in the same
		member(40, 1, 40, 40, 104),  // a stranger
		member(50, 10, 50, 50, 104), // never
	}
	outside := member(60, 1, 60, 0, 104) // by the mark, in session 0, as the next
	other := member(61, 1, 61, 0, 104)
	outside.Session, other.Session = 0, 0
	table = append(table, outside, other)
	dead := member(15, 10, 10, 10, 101)
	dead.Dead = true
	table = append(table, dead, member(16, 15, 16, 16, 102)) // a child of the dead
	signs := func(sessions bool) Signs {
		return Signs{
			Led: map[int]uint64{leader.PID: leader.Start},
			Is:  Set{leader.PID: leader.Start}.Has,
			Not: func(p proctable.Process) bool { return p.PID == nobody+50 },
			Marked: func(p proctable.Process, mark string) bool {
				return p.PID == nobody+20 || p.PID == nobody+31 || p.PID == outside.PID
			},
			Sessions: sessions,
		}
	}
	for _, sessions := range []bool{false, true} {
		want := []int{10, 11, 12, 13, 14, 16, 20, 21, 31, 60}
		if sessions {
			want = []int{10, 11, 12, 13, 14, 16, 20, 21, 31, 32, 60}
		}
		for range 2 {
			var s Search
			var got []int
			for _, p := range s.Find(table, signs(sessions)) {
				got = append(got, p.PID-nobody)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("sessions %v: found %v, want %v", sessions, got, want)
			}
			slices.Reverse(table)
		}
	}
}

// An environment is read once, unless it may change: that of a process in the middle of an exec.
func TestOthersAreAskedOnce(t *testing.T) {
	self, ok := proctable.Read(os.Getpid())
	if !ok {
		t.Skip("no table of processes here")
	}
	var s Search
	asked := 0
	signs := Signs{Is: func(proctable.Process) bool { return false }, Marked: func(proctable.Process, string) bool { asked++; return false }}
	for range 3 {
		if found := s.Find([]proctable.Process{self}, signs); len(found) > 0 || s.Unsure > 0 {
			t.Errorf("found %v, unsure %d", found, s.Unsure)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A tree stands still when two looks in a row find nobody new and everybody stopped.
func TestHalt(t *testing.T) {
	type result struct {
		fresh       int
		still, over bool
	}
	for _, tc := range []struct {
		name   string
		looks  []result
		pauses int
	}{
		{"at once", []result{{3, false, false}, {0, true, false}, {0, true, false}}, 0},
		{"one comes late", []result{{3, false, false}, {0, true, false}, {1, true, false}, {0, true, false}, {0, true, false}}, 0},
		{"one is slow", []result{{1, false, false}, {0, false, false}, {0, false, false}, {0, true, false}, {0, true, false}}, 2},
		{"gone meanwhile", []result{{1, false, false}, {0, false, true}}, 0},
	} {
		looks, pauses := 0, 0
		Halt(func(bool) (fresh int, still, over bool) {
			r := tc.looks[looks]
			looks++
			return r.fresh, r.still, r.over
		}, func() { pauses++ })
		if looks != len(tc.looks) || pauses != tc.pauses {
			t.Errorf("%s: %d looks and %d pauses", tc.name, looks, pauses)
		}
	}
}
