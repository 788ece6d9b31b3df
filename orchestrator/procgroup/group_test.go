//go:build unix

package procgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bothWays runs a test with the best way this system has to signal a group,
// and by the group's number, which is the only way elsewhere.
func bothWays(t *testing.T, f func(t *testing.T, tune tuning)) {
	t.Run("best", func(t *testing.T) { f(t, tuning{}) })
	t.Run("by number", func(t *testing.T) { f(t, tuning{byNumber: true}) })
}

func TestExitCodesAndSignals(t *testing.T) {
	for _, tc := range []struct {
		args   []string
		code   int
		signal string
		text   string
	}{
		{[]string{"exit", "0"}, 0, "", "exit 0"},
		{[]string{"exit", "1"}, 1, "", "exit 1"},
		{[]string{"exit", "255"}, 255, "", "exit 255"},
		{[]string{"die", "SIGKILL"}, 137, "SIGKILL", "SIGKILL"},
		{[]string{"die", "TERM"}, 143, "SIGTERM", "SIGTERM"},
		{[]string{"die", "hup"}, 129, "SIGHUP", "SIGHUP"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			_, exit := run(t, Spec{}, tc.args...)
			if exit.Code != tc.code || exit.Signal != tc.signal || exit.String() != tc.text || exit.Err != nil {
				t.Errorf("got code %d, signal %q, error %v, text %q", exit.Code, exit.Signal, exit.Err, exit)
			}
			if exit.Success() != (tc.code == 0) {
				t.Errorf("Success is %v", exit.Success())
			}
			if exit.Killed || exit.Leftovers != 0 {
				t.Errorf("killed %v, %d leftovers", exit.Killed, exit.Leftovers)
			}
			if exit.LeaderEnded.IsZero() || exit.Ended.Before(exit.LeaderEnded) {
				t.Errorf("leader ended %v, all %v", exit.LeaderEnded, exit.Ended)
			}
		})
	}
}

func TestChildsSurroundings(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out, _ := run(t, Spec{Dir: dir, Env: []string{"PWD=/elsewhere"}}, "where")
	// The directory, PWD, how much there was to read on the standard input,
	// whether it leads a session and a group, whether its output blocks.
	if want := dir + "\n" + dir + "\n0\ntrue true\ntrue\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	out, _ = run(t, Spec{Env: []string{"A=1", "B=x=y", "A=2", "broken"}}, "env")
	if want := "B=x=y\nA=2\n" + strings.Join(childEnv(), "\n") + "\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestStopEndsAnObedientTree(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{Grace: time.Hour}, tune, "lead", "", "sit", "child")
		tr.report()
		if err := g.Stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
		if exit := g.Exit(); exit.Signal != "SIGTERM" || exit.Killed {
			t.Errorf("it ended with %v, killed %v", exit, exit.Killed)
		}
		if err := g.Stop(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("Stop of what is gone: %v", err)
		}
		if err := g.Signal(syscall.SIGUSR1); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("Signal to what is gone: %v", err)
		}
		if err := g.Kill(); err != nil {
			t.Errorf("Kill of what is gone: %v", err)
		}
	})
}

func TestKillEndsATreeThatIgnoresTERM(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{}, tune, "tree", "3")
		for range 4 {
			tr.report()
		}
		if err := g.Stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for range 2 { // any number of times
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
		if exit := g.Exit(); exit.Signal != "SIGKILL" || !exit.Killed {
			t.Errorf("it ended with %v, killed %v", exit, exit.Killed)
		}
	})
}

// A stop that was asked for leaves the time to the caller: a member that
// outlives its leader is not touched until Kill.
func TestStopLeavesMembersToTheCaller(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{Grace: 0}, tune, "lead", "", "stubborn", "child")
		_, pid := tr.report()
		if err := g.Stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.LeaderDone(), "the leader's end")
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("the child is gone before Kill: %v", err)
		}
		select {
		case <-g.Done():
			t.Fatal("done while a member lives")
		default:
		}
		if exit := g.Exit(); exit.Signal != "SIGTERM" {
			t.Errorf("the leader ended with %v", exit)
		}
		if err := g.Kill(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
		if exit := g.Exit(); exit.Leftovers != 1 || !exit.Killed {
			t.Errorf("%d leftovers, killed %v", exit.Leftovers, exit.Killed)
		}
	})
}

// A leader that ends by itself leaves its members to nobody: TERM first.
func TestLeftoversAreAskedToEnd(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		tr := newTestTree(t)
		g := tr.start(Spec{Grace: time.Hour}, tune, "leave", "", "usr1", "child")
		tr.report()
		letLeaderEnd(t, g)
		waitFor(t, g.Done(), "the group's end")
		if got := tr.line(); got != "got SIGTERM" {
			t.Errorf("the member reports %q", got)
		}
		tr.allGone()
		exit := g.Exit()
		if !exit.Success() || exit.Killed {
			t.Errorf("it ended with %v, killed %v", exit, exit.Killed)
		}
		if !tune.byNumber && exit.Leftovers != 1 {
			t.Errorf("%d leftovers", exit.Leftovers)
		}
	})
}

// letLeaderEnd tells a leader in mode "leave" that its child has reported.
func letLeaderEnd(t *testing.T, g *Group) {
	t.Helper()
	if err := g.SignalLeader(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
}

func TestLeftoversThatStayAreKilled(t *testing.T) {
	bothWays(t, func(t *testing.T, tune tuning) {
		for _, grace := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
			tr := newTestTree(t)
			g := tr.start(Spec{Grace: grace}, tune, "leave", "", "stubborn", "child")
			tr.report()
			letLeaderEnd(t, g)
			waitFor(t, g.Done(), "the group's end")
			tr.allGone()
			if exit := g.Exit(); exit.Code != 0 || !exit.Killed || exit.Leftovers != 1 {
				t.Errorf("grace %v: it ended with %v, killed %v, %d leftovers", grace, exit, exit.Killed, exit.Leftovers)
			}
		}
	})
}

// Hold alone, as before a signal to the leader: the rest waits for Kill.
func TestHoldAndSignalLeader(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{}, tuning{}, "lead", "", "usr1", "child")
	_, pid := tr.report()
	g.Hold()
	if err := g.SignalLeader(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.LeaderDone(), "the leader's end")
	if err := g.SignalLeader(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to a leader that is gone: %v", err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the child is gone: %v", err)
	}
	if err := g.Signal(syscall.SIGUSR1); err != nil { // the group is there without its leader
		t.Fatal(err)
	}
	if got := tr.line(); got != "got SIGUSR1" {
		t.Errorf("the member reports %q", got)
	}
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if exit := g.Exit(); exit.Killed || exit.Leftovers != 1 {
		t.Errorf("killed %v, %d leftovers", exit.Killed, exit.Leftovers)
	}
}

func TestSignalReachesEveryMember(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{}, tuning{}, "usr1", "leader")
	tr.report()
	if err := g.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if got := tr.line(); got != "got SIGUSR1" {
		t.Errorf("got %q", got)
	}
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if exit := g.Exit(); exit.Code != 7 {
		t.Errorf("it ended with %v", exit)
	}
}

// A process that was stopped sees the signal that asks it to end.
func TestStopWakesTheStopped(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{}, tuning{}, "sit", "leader")
	tr.report()
	if err := g.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
}

func TestNothingIsLeftOpen(t *testing.T) {
	before := openDescriptors(t)
	for range 20 {
		run(t, Spec{}, "exit", "3")
		tr := newTestTree(t)
		g := tr.start(Spec{}, tuning{}, "tree", "1")
		tr.report()
		tr.report()
		_ = g.Kill()
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
		if _, err := Start(Spec{Argv: []string{"/no/such/program"}, Output: func(Block) {}}); err == nil {
			t.Fatal("it started")
		}
		if _, err := Start(Spec{Argv: []string{notAProgram(t)}, Output: func(Block) {}}); err == nil {
			t.Fatal("it started")
		}
		tr.close()
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors were open before, %d are now", before, after)
	}
	if err := wait4Nobody(); err != nil {
		t.Error(err)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here to count descriptors in")
	}
	return len(fds)
}

// wait4Nobody fails when this process has a child, be it a zombie.
func wait4Nobody() error {
	pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	if errors.Is(err, syscall.ECHILD) {
		return nil
	}
	return errors.New("a child was left: " + strconv.Itoa(pid))
}

// Start, stop and kill from many sides at once.
func TestKillAtAnyMoment(t *testing.T) {
	for i := range 30 {
		tr := newTestTree(t)
		g := tr.start(Spec{Grace: time.Hour}, tuning{byNumber: i%2 == 1}, "tree", "1")
		begin := make(chan struct{})
		ended := make(chan struct{}, 3)
		for n := range 3 {
			go func() {
				<-begin
				if n == 0 {
					_ = g.Stop(syscall.SIGTERM)
				}
				_, _ = g.Members()
				_ = g.Kill()
				ended <- struct{}{}
			}()
		}
		if i%3 == 0 {
			tr.report()
		}
		close(begin)
		for range 3 {
			<-ended
		}
		waitFor(t, g.Done(), "the group's end")
		tr.allGone()
	}
}

// notAProgram is a file that is executable by its mode alone.
func notAProgram(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("\x7fELF\x00\x00garbage"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
