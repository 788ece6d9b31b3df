//go:build linux || darwin

// Package stubborn has the trees of processes that do not want to end, for the tests of those who end trees. The program
// that they are made of is orchestrator/guardian/horror.
package stubborn

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// A Tree is a kind that the program knows.
type Tree struct {
	Kind    string
	Size    int  // how many processes it has when it is grown
	Linux   bool // all of it can be found there alone
	Noticed bool // a sudden end reaches it only when its daemon has been noticed
}

// Trees are all of them.
var Trees = []Tree{
	{Kind: "sit", Size: 1},
	{Kind: "stubborn", Size: 1},
	{Kind: "tree", Size: 3},
	{Kind: "session", Size: 2},
	{Kind: "group", Size: 2},
	{Kind: "bare", Size: 2},
	{Kind: "barren", Size: 2, Linux: true},
	{Kind: "daemon", Size: 2},
	{Kind: "polite", Size: 2},
	{Kind: "title", Size: 2, Linux: true, Noticed: true},
	{Kind: "nameless", Size: 2, Linux: true, Noticed: true},
	{Kind: "late", Size: 2, Linux: true, Noticed: true},
	{Kind: "gone", Size: 2},
	{Kind: "spawner", Size: 1, Linux: true},
}

// Rounds is how often the tests of trees try everything: DEVLOOP_HORRORS by hand, once in the long run. 0 is the short
// run: each tree comes to its end in one way.
func Rounds(t testing.TB) int { return testenv.Count(t, "DEVLOOP_HORRORS", 0, 1) }

// Program is the path of the program. With -race it is not built so: five hundred processes would take minutes.
func Program(t testing.TB) string {
	t.Helper()
	return testenv.Built(t, "devloop/orchestrator/guardian/horror")
}

// Living lists who has dir in its arguments and runs: those of a tree, whatever they have lost, and not a zombie, whose
// arguments are gone. Processes of the program except, if it is not "", are none of them.
func Living(t testing.TB, dir, except string) []int {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(names) == 0 {
		return livingByPs(t, dir, except)
	}
	var pids []int
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), dir) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(name, "/")[2]) // as the pattern says
		pids = append(pids, pid)
	}
	return slices.DeleteFunc(pids, func(pid int) bool {
		exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
		return err == nil && exe == except
	})
}

func livingByPs(t testing.TB, dir, except string) []int {
	t.Helper()
	out, err := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for line := range strings.SplitSeq(string(out), "\n") {
		number, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(number); err == nil && strings.Contains(command, dir) && (except == "" || !strings.HasPrefix(command, except)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Unrecorded is the first of the processes that a crash record does not name; 0 if it names all.
func Unrecorded(record []byte, pids []int) int {
	for _, pid := range pids {
		if !strings.Contains(string(record), "\nroot "+strconv.Itoa(pid)+" ") {
			return pid
		}
	}
	return 0
}
