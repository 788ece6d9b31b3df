package procgroup

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/proctable"
	"devloop/orchestrator/proctree"
	"devloop/orchestrator/test/testenv"
)

// aMark is one that no other test has.
func aMark(t testing.TB) string { return "0123456789abcdef/" + t.Name() + "/" + time.Now().String() }

// Who forked twice, into a session of its own, is found by the mark, and asked
// to end before it is made to.
func TestTheMarkFindsDaemons(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{Mark: aMark(t), Grace: time.Hour}, tune, "leave", "setsid", "usr1", "child")
		tr.report()
		letLeaderEnd(t, g)
		if got := tr.line(); got != "got SIGTERM" {
			t.Errorf("it reports %q", got)
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
		if exit := g.Exit(); exit.Leftovers != 1 || exit.Killed {
			t.Errorf("%d leftovers, killed %v", exit.Leftovers, exit.Killed)
		}
	})
}

func TestDaemonsThatStayAreKilled(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{Mark: aMark(t), Grace: time.Millisecond}, tuning{}, "leave", "setsid", "stubborn", "child")
	tr.report()
	letLeaderEnd(t, g)
	waitFor(t, g.Done(), "the group's end")
	tr.allGone()
}

// A stop counts daemons as members from the beginning, also those whose
// mark is that of a loop inside.
func TestStopCountsDaemons(t *testing.T) {
	tr := newTestTree(t)
	mark := aMark(t)
	g := tr.start(Spec{Mark: mark}, tuning{}, "lead", "", "leave", "setsid", "stubborn", "daemon")
	_, daemon := tr.report()
	p, ok := proctable.Read(daemon)
	if !ok {
		t.Fatal("the daemon is gone")
	}
	if err := syscall.Kill(p.Parent, syscall.SIGUSR2); err != nil { // the middle of the two forks
		t.Fatal(err)
	}
	testenv.UntilTrue(t, "the daemon has another parent", func() bool {
		now, _ := proctable.Read(daemon)
		return now.Parent != p.Parent
	})
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.LeaderDone(), "the leader's end")
	if pids, err := g.Members(); err != nil || !slices.Equal(pids, []int{daemon}) {
		t.Errorf("members %v, %v, want %d alone", pids, err, daemon)
	}
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	tr.allGone()
}

// A daemon that a command has left on purpose lives on with KeepDaemons, and
// the group is done without it.
func TestKeptDaemons(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{Mark: aMark(t), KeepDaemons: true}, tuning{}, "leave", "setsid", "sit", "daemon")
	_, daemon := tr.report()
	letLeaderEnd(t, g)
	waitFor(t, g.Done(), "the group's end")
	if p, ok := proctable.Read(daemon); !ok || p.Dead {
		t.Error("the daemon is gone")
	}
	if exit := g.Exit(); exit.Leftovers != 0 {
		t.Errorf("%d leftovers", exit.Leftovers)
	}
	tr.close()
}

// Strangers with a mark of their own, or one that merely begins alike, are none.
func TestOtherMarksAreStrangers(t *testing.T) {
	mark := aMark(t)
	for _, tc := range []struct {
		env   string
		found bool
	}{
		{proctree.MarkName + "=" + mark, true},
		{proctree.MarkName + "=" + mark + "/0123456789abcdef/1", true},
		{proctree.MarkName + "=" + mark + "0", false},
		{proctree.MarkName + "=" + mark[:len(mark)-1], false},
		{"X" + proctree.MarkName + "=" + mark, false},
		{"X=" + proctree.MarkName + "=" + mark, false},
		{proctree.MarkName + "X=" + mark, false},
	} {
		g, err := Start(Spec{Argv: []string{"/bin/sleep", "60"}, Mark: mark})
		if err != nil {
			t.Fatal(err)
		}
		other := exec.Command("/bin/sleep", "60")
		other.Env = []string{strings.Repeat("X", 16<<10) + "=", tc.env, "Y=z"} // beyond what is read at once
		other.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		pids, err := g.Members()
		want := []int{g.PID()}
		if tc.found {
			want = append(want, other.Process.Pid)
		}
		if slices.Sort(pids); err != nil || !slices.Equal(pids, want) {
			t.Errorf("%s: members %v, %v, want %v", tc.env[:20], pids, err, want)
		}
		g.Kill()
		waitFor(t, g.Done(), "the group's end")
		if !tc.found {
			if err := other.Process.Signal(syscall.Signal(0)); err != nil {
				t.Errorf("%s: %v", tc.env[:20], err)
			}
			other.Process.Kill()
		}
		if err := other.Wait(); err == nil {
			t.Error("it ended by itself")
		}
	}
}

// The command finds the mark, and nothing else that it would not have.
func TestTheMarkIsSet(t *testing.T) {
	out, _ := run(t, Spec{Mark: "m", Env: []string{proctree.MarkName + "=outer", "A=1"}}, "env")
	if want := "A=1\n" + strings.Join(childEnv(), "\n") + "\n" + proctree.MarkName + "=m\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	out, _ = run(t, Spec{Env: []string{proctree.MarkName + "=outer"}}, "env")
	if !strings.Contains(out, proctree.MarkName+"=outer\n") {
		t.Errorf("without a mark of its own it has %q", out)
	}
}

// The reaper collects orphans, and nobody whom another part waits for.
func TestReaperLeavesTheOthers(t *testing.T) {
	var others, adopted, buried = make(chan int, 1), make(chan int, 100), make(chan int, 100)
	var other atomic.Int64
	r, err := StartReaper(ReaperOptions{
		Other: func(pid int) bool {
			select {
			case known := <-others:
				other.Store(int64(known))
			default:
			}
			return int64(pid) == other.Load()
		},
		Noticed: func(pids ...int) { send(adopted, pids) },
		Gone:    func(pids ...int) { send(buried, pids) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := StartReaper(ReaperOptions{}); !errors.Is(err, errSecondReaper) {
		t.Errorf("a second one: %v", err)
	}

	// One in a session of its own that Other knows.
	known := exec.Command("/bin/sh", "-c", "exit 9")
	known.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	trees.starting.Lock() // until its number is told
	if err := known.Start(); err != nil {
		t.Fatal(err)
	}
	others <- known.Process.Pid
	trees.starting.Unlock()

	// Many that os/exec and this package start and wait for, while orphans
	// come and go.
	var ends []chan error
	for range 20 {
		ended := make(chan error, 2)
		ends = append(ends, ended)
		go func() {
			var exit *exec.ExitError
			if err := exec.Command("/bin/sh", "-c", "sleep 0.01; exit 7").Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
				ended <- err
			}
			g, err := Start(Spec{Argv: []string{"/bin/sh", "-c", "(sleep 0.01 &) ; exit 8"}, Mark: "0123456789abcdef/7", KeepDaemons: true})
			if err != nil {
				ended <- err
				return
			}
			<-g.Done()
			if x := g.Exit(); x.Code != 8 || x.Err != nil {
				ended <- errors.New(x.String())
			}
			close(ended)
		}()
	}
	for _, ended := range ends {
		for err := range ended {
			t.Error(err)
		}
	}
	var exit *exec.ExitError
	if err := known.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Errorf("the one that Other knows ended with %v", err)
	}

	// A daemon of a group that is done: it is told of, and collected at its end.
	tr := newTestTree(t)
	g := tr.start(Spec{Mark: aMark(t), KeepDaemons: true}, tuning{}, "leave", "setsid", "sit", "daemon")
	_, daemon := tr.report()
	letLeaderEnd(t, g)
	waitFor(t, g.Done(), "the group's end")
	for daemon != await(t, adopted) {
	}
	tr.close() // its lifeline
	for daemon != await(t, buried) {
	}
	if _, there := proctable.Read(daemon); there {
		t.Error("it was not collected")
	}
}

func send(c chan<- int, pids []int) {
	for _, pid := range pids {
		c <- pid
	}
}

func await(t *testing.T, c <-chan int) int {
	t.Helper()
	select {
	case n := <-c:
		return n
	case <-time.After(30 * time.Second):
		t.Fatal("waited 30 s")
		return 0
	}
}

// An orphan without a mark belongs to the one tree that it can come from, and
// to none if there are several.
func TestWhoseOrphan(t *testing.T) {
	r, err := StartReaper(ReaperOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, alone := range []bool{true, false} {
		tr := newTestTree(t)
		g := tr.start(Spec{Mark: aMark(t), KeepDaemons: true}, tuning{}, "lead", "", "sit", "member")
		tr.report()
		var second *Group
		if !alone {
			if second, err = Start(Spec{Argv: []string{"/bin/sleep", "60"}, Mark: aMark(t) + "2"}); err != nil {
				t.Fatal(err)
			}
		}
		// A stranger to both as far as its environment tells, whose parent is gone.
		orphan := exec.Command("/bin/sh", "-c", "env -i setsid sleep 60 >/dev/null 2>&1 & echo $!")
		text, err := orphan.Output()
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		testenv.UntilTrue(t, "the orphan runs", func() bool {
			procs, _ := proctable.List(0, nil)
			for _, p := range procs {
				if p.Parent == os.Getpid() && p.Session == p.PID && p.PID != g.PID() && (second == nil || p.PID != second.PID()) && strings.TrimSpace(string(text)) != "" {
					pid = p.PID
				}
			}
			return pid != 0
		})
		pids, err := g.Members()
		if err != nil {
			t.Fatal(err)
		}
		// Before a stop only the group and the session are looked at.
		if slices.Contains(pids, pid) {
			t.Errorf("alone %v: %d is a member while nobody stops the group", alone, pid)
		}
		g.Hold()
		if pids, err = g.Members(); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(pids, pid); got != alone {
			t.Errorf("alone %v: is a member: %v", alone, got)
		}
		g.Kill()
		waitFor(t, g.Done(), "the group's end")
		if second != nil {
			p, ok := proctable.Read(pid)
			if !ok || p.Dead {
				t.Error("it was killed, and could be the other one's")
			}
			second.Kill()
			waitFor(t, second.Done(), "the second group's end")
			syscall.Kill(pid, syscall.SIGKILL)
		}
		testenv.UntilTrue(t, "it is collected", func() bool { _, there := proctable.Read(pid); return !there })
	}
}
