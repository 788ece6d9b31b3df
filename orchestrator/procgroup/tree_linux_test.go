package procgroup

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What left the group is part of the tree as long as it descends from it.
func TestKillReachesThoseWhoLeftTheGroup(t *testing.T) {
	for _, how := range []string{"setsid", "setpgid"} {
		t.Run(how, func(t *testing.T) {
			bothWays(t, func(t *testing.T, tune tuning) {
				tr := newTestTree(t)
				g := tr.start(Spec{}, tune, "lead", how, "tree", "1")
				_, a := tr.report()
				_, b := tr.report()
				pids, err := g.Members()
				if err != nil {
					t.Fatal(err)
				}
				want := []int{g.PID(), a, b}
				slices.Sort(pids)
				slices.Sort(want)
				if !slices.Equal(pids, want) {
					t.Errorf("members %v, want %v", pids, want)
				}
				if err := g.Kill(); err != nil {
					t.Fatal(err)
				}
				waitFor(t, g.Done(), "the group's end")
				tr.allGone()
			})
		})
	}
}

// A stop asks them too, and Done waits for them: they belong to the tree when
// the leader, who would show it, is gone.
func TestStopCountsThoseWhoLeftTheGroup(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{}, tune, "lead", "setsid", "stubborn", "child")
		_, pid := tr.report()
		if err := g.Stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.LeaderDone(), "the leader's end")
		select {
		case <-g.Done():
			t.Fatal("done while a member lives")
		default:
		}
		if pids, err := g.Members(); err != nil || !slices.Equal(pids, []int{pid}) {
			t.Errorf("members %v, %v, want %d alone", pids, err, pid)
		}
		if err := g.Kill(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
	})
}

func TestStopAsksThoseWhoLeftTheGroup(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{}, tuning{}, "lead", "setsid", "usr1", "child")
	tr.report()
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if got := tr.line(); got != "got SIGTERM" {
		t.Errorf("it reports %q", got)
	}
	tr.allGone()
}

// A job of a shell with job control has a group of its own in our session.
func TestLeftoversInAnotherGroupOfTheSession(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		var out sink // to which the job holds a descriptor
		g := tr.start(Spec{Grace: time.Hour, Output: out.write}, tune, "leave", "setpgid", "usr1", "child")
		tr.report()
		letLeaderEnd(t, g)
		waitFor(t, g.Done(), "the group's end")
		if got := tr.line(); got != "got SIGTERM" {
			t.Errorf("it reports %q", got)
		}
		tr.allGone()
		if exit := g.Exit(); !tune.byNumber && exit.Leftovers != 1 {
			t.Errorf("%d leftovers", exit.Leftovers)
		}
	})
}

// Who went away before the leader ended by itself is nobody's; it may hold the
// output, and keeps nobody waiting. What it wrote in time is delivered.
func TestOutputHeldByAStranger(t *testing.T) {
	tr := newTestTree(t)
	var out sink
	spec := Spec{Output: out.write}
	g := tr.start(spec, tuning{}, "leave", "setsid", "talker", "no newline")
	_, pid := tr.report()
	letLeaderEnd(t, g)
	waitFor(t, g.Done(), "the group's end")
	if out.String() != "no newline\n" {
		t.Errorf("got %q", &out)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the stranger is gone: %v", err)
	}
	tr.close()
}

// One who writes without end keeps nobody waiting either.
func TestOutputFloodedByAStranger(t *testing.T) {
	tr := newTestTree(t)
	var n int
	g := tr.start(Spec{Output: func(b Block) { n += len(b.Text) }}, tuning{}, "leave", "setsid", "flooder", "child")
	tr.report()
	letLeaderEnd(t, g)
	waitFor(t, g.Done(), "the group's end")
	tr.close()
	if n == 0 {
		t.Error("nothing of the flood was delivered")
	}
}

// A zombie that nobody collects is not alive.
func TestZombiesAreNotWaitedFor(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{Grace: time.Hour}, tune, "leave", "", "deserter")
		var deserter int
		for range 2 {
			if name, pid := tr.report(); name == "deserter" {
				deserter = pid
			}
		}
		letLeaderEnd(t, g)
		waitFor(t, g.Done(), "the group's end")
		if err := syscall.Kill(deserter, 0); err != nil {
			t.Errorf("the deserter is gone, and with it the reason for a zombie: %v", err)
		}
		tr.close()
	})
}

// When this process is the one that orphans come to, it collects them.
func TestOrphansAreCollected(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skipf("no subreaper here: %v", err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	for _, how := range []string{"", "setpgid", "setsid"} {
		bothWays(t, func(t *testing.T, tune tuning) {
			tr := newTestTree(t)
			g := tr.start(Spec{}, tune, "lead", how, "tree", "2")
			for range 3 {
				tr.report()
			}
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, g.Done(), "the group's end")
			tr.allGone()
			if err := wait4Nobody(); err != nil {
				t.Errorf("%q: %v", how, err)
			}
		})
	}
}

// A tree that grows while it is killed, in sessions of its own too.
func TestKillInAForkBurst(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid program here")
	}
	const burst = `
		trap '' TERM
		i=0
		while [ $i -lt 300 ]; do
			cat <&4 >/dev/null &
			setsid cat <&4 >/dev/null &
			(trap '' TERM; setsid sh -c 'cat <&4 >/dev/null & cat <&4') &
			[ $i != 20 ] || echo go 1 >&3
			i=$((i+1))
		done
		wait`
	bothWays(t, func(t *testing.T, tune tuning) {
		for range 2 {
			tr := newTestTree(t)
			g := tr.startAny(Spec{Argv: []string{"/bin/sh", "-c", burst}}, tune)
			tr.report()
			if err := g.Stop(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, g.Done(), "the group's end")
			tr.allGone()
		}
	})
}

func TestMembersOfWhatIsGone(t *testing.T) {
	g, err := Start(Spec{Argv: []string{os.Args[0], "exit", "0"}, Env: childEnv()})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if pids, err := g.Members(); len(pids) != 0 || err != nil {
		t.Errorf("got %v, %v", pids, err)
	}
}
