package guardian

import (
	"os"
	"testing"
)

// Whom a signal could reach is told from the kernel's own threads by a flag: session 0 has both, where process 1 never began
// a session, as in a small machine or behind nsenter.
func TestParseStat(t *testing.T) {
	const tail = " 20 0 1 0 1100 3000000 390 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 4 5 6 7 8 9 "
	for _, tc := range []struct {
		line string
		want process
		ok   bool
	}{
		{"12 (cat) R 10 11 9 0 -1 4194304 98 0 0 0 0 0 0 0" + tail + "10 0", process{pid: 12, parent: 10, group: 11, session: 9, start: 1100, begun: true}, true},
		{"12 (cat) T 1 0 0 0 -1 4194304 98 0 0 0 0 0 0 0" + tail + "0 0", process{pid: 12, parent: 1, start: 1100, stopped: true}, true},
		{"12 (a) b) (c) D 1 0 0 0 -1 4194304 98 0 0 0 0 0 0 0" + tail + "10 0", process{pid: 12, parent: 1, start: 1100, stuck: true, begun: true}, true},
		{"12 (kworker/R-slub) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0" + tail + "0 0", process{pid: 12, parent: 2, start: 1100, kernel: true}, true},
		{"12 (cat) Z 10 11 9 0 -1 4194304 98 0 0 0 0 0 0 0" + tail + "0 0", process{pid: 12, parent: 10, group: 11, session: 9, start: 1100, dead: true}, true},
		{"12 (cat) S 10 11 9 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 1100", process{pid: 12, parent: 10, group: 11, session: 9, start: 1100}, true}, // an old kernel
		{"12 (cat) S 10 11 9 0 -1 x 98 0 0 0 0 0 0 0" + tail + "10 0", process{}, false},
		{"12 (cat) S 10 11 9", process{}, false},
		{"12 cat S 10 11 9 0 -1 4194304 98 0 0 0 0 0 0 0" + tail + "10 0", process{}, false},
		{"", process{}, false},
	} {
		if got, ok := parseStat([]byte(tc.line)); ok != tc.ok || got != tc.want {
			t.Errorf("%q: got %+v, %v", tc.line, got, ok)
		}
	}
}

func TestReadEnviron(t *testing.T) {
	self, ok := readProcess(os.Getpid())
	if !ok || !self.begun || self.kernel || self.dead {
		t.Errorf("of this process it reads %+v", self)
	}
	if text, known := readEnviron(os.Getpid()); !known || len(text) == 0 {
		t.Errorf("of this process it reads %q, %v", text, known)
	}
	if text, known := readEnviron(1 << 22); !known || len(text) != 0 { // more than there can be (pid_max)
		t.Errorf("of nobody it reads %q, %v", text, known)
	}
}
