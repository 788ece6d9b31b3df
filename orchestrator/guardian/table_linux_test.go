package guardian_test

import (
	"os"
	"testing"

	"devloop/orchestrator/guardian"
)

// Whom a signal could reach is told from the kernel's own threads by a flag: session 0 has both, where process 1 never began
// a session, as in a small machine or behind nsenter.
func TestParseStat(t *testing.T) {
	const (
		middle = " 98 0 0 0 0 0 0 0 20 0 1 0 1100"
		tail   = middle + " 3000000 390 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 4 5 6 7 8 9 "
	)
	is := guardian.ProcessOf
	nobody := is(0, 0, 0, 0, 0, "")
	for _, tc := range []struct {
		line string
		want any
		ok   bool
	}{
		{"12 (cat) R 10 11 9 0 -1 4194304" + tail + "10 0", is(12, 10, 11, 9, 1100, "b"), true},
		{"12 (cat) T 1 0 0 0 -1 4194304" + tail + "0 0", is(12, 1, 0, 0, 1100, "t"), true},
		{"12 (a) b) (c) D 1 0 0 0 -1 4194304" + tail + "10 0", is(12, 1, 0, 0, 1100, "Db"), true},
		{"12 (kworker/R-slub) I 2 0 0 0 -1 69238880" + tail + "0 0", is(12, 2, 0, 0, 1100, "k"), true},
		{"12 (cat) Z 10 11 9 0 -1 4194304" + tail + "0 0", is(12, 10, 11, 9, 1100, "d"), true},
		{"12 (cat) S 10 11 9 0 -1 4194304" + middle, is(12, 10, 11, 9, 1100, ""), true}, // before Linux 3.5
		{"12 (cat) S 10 11 9 34816 15 4194304" + tail + "10 0", is(12, 10, 11, 9, 1100, "bf"), true},
		{"12 (cat) S 10 11 9 0 -1 x" + tail + "10 0", nobody, false},
		{"12 (cat) S 10 11 9", nobody, false},
		{"12 cat S 10 11 9 0 -1 4194304" + tail + "10 0", nobody, false},
		{"", nobody, false},
	} {
		if got, ok := guardian.ParseStat([]byte(tc.line)); ok != tc.ok || any(got) != tc.want {
			t.Errorf("%q: got %+v, %v", tc.line, got, ok)
		}
	}
}

func TestReadEnviron(t *testing.T) {
	if text, known := guardian.ReadEnviron(os.Getpid()); !known || len(text) == 0 {
		t.Errorf("of this process it reads %q, %v", text, known)
	}
	if text, known := guardian.ReadEnviron(1 << 22); !known || len(text) != 0 { // more than there can be (pid_max)
		t.Errorf("of nobody it reads %q, %v", text, known)
	}
}
