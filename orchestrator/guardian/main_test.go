//go:build linux || darwin

package guardian_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"devloop/orchestrator/guardian"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/proctable"
	"devloop/orchestrator/test/stubborn"
	"devloop/orchestrator/test/testenv"
)

// The test binary is also the owner of trees, which the tests order about and kill: with ownerKey in its environment it
// does what it reads on its standard input, and answers each line with one.
const ownerKey = "GUARDIAN_TEST_OWNER"

func TestMain(m *testing.M) {
	if record, ok := os.LookupEnv(ownerKey); ok {
		os.Exit(ownerMain(record, os.Args[1:]))
	}
	testenv.MostlyWaiting()
	goleak.VerifyTestMain(m)
}

// grace is what the trees here get between SIGTERM and SIGKILL.
const grace = 100 * time.Millisecond

// ownerMain is a loop with one command: argv. With argv "-" it has none.
func ownerMain(record string, argv []string) int {
	mark := guardian.NewMark(os.Environ())
	g, err := guardian.Start("", guardian.Options{Mark: mark, Grace: grace, CrashRecord: record})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	reaper, err := procgroup.StartReaper(procgroup.ReaperOptions{Apart: 50 * time.Millisecond, Other: g.Is, Noticed: g.Add, Gone: g.Remove})
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		fmt.Println(err)
		return 1
	}
	fmt.Println("guardian", g.PID())
	var group *procgroup.Group
	number := 0
	var pipe uint64
	end := func() {
		select {
		case <-group.Done():
		case <-time.After(grace):
			group.Kill()
			<-group.Done()
		}
		g.Remove(group.PID())
	}
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		answer := "ok"
		if dir, ok := strings.CutPrefix(orders.Text(), "directory "); ok {
			g.AddDirectory(dir)
		}
		if dir, ok := strings.CutPrefix(orders.Text(), "no directory "); ok {
			g.RemoveDirectory(dir)
		}
		switch orders.Text() {
		case "start", "start unknown":
			number++
			spec := procgroup.Spec{Argv: argv, Env: os.Environ(), Output: func(procgroup.Block) {}, Grace: grace,
				Mark: guardian.CommandMark(mark, number), Forking: func(number uint64) { pipe = number; g.Expect(pipe) }}
			if group, err = procgroup.Start(spec); err != nil {
				answer = err.Error()
				break
			}
			if orders.Text() == "start" {
				g.Add(group.PID())
				g.Forgo(pipe)
			}
			answer = strconv.Itoa(group.PID())
		case "forgo":
			g.Forgo(pipe)
		case "stop":
			group.Stop(syscall.SIGTERM)
			end()
		case "kill":
			group.Kill()
			end()
		case "wait":
			<-group.Done()
			g.Remove(group.PID())
		case "panic":
			go func() { panic("a test's") }()
			select {}
		case "finish":
			ended, err := g.Finish(reaper != nil)
			answer = fmt.Sprint(len(ended), err)
		case "close":
			if err := g.Close(); err != nil {
				answer = err.Error()
			}
			if reaper != nil {
				reaper.Close()
			}
		}
		fmt.Println(answer)
	}
	return 0
}

// owner is the process that ownerMain runs in.
type owner struct {
	t        testing.TB
	cmd      *exec.Cmd
	orders   io.WriteCloser
	answers  *bufio.Reader
	guardian int
	crash    string
}

// newOwner starts an owner of argv.
func newOwner(t testing.TB, record string, env []string, argv ...string) *owner {
	t.Helper()
	cmd := exec.Command(os.Args[0], argv...)
	cmd.Env = append(append(os.Environ(), ownerKey+"="+record, "GORACE=atexit_sleep_ms=0"), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &owner{t: t, cmd: cmd, orders: in, answers: bufio.NewReader(out), crash: record}
	t.Cleanup(o.kill)
	return o
}

// up waits for the guardian.
func (o *owner) up() *owner {
	o.t.Helper()
	line := o.answer()
	pid, err := strconv.Atoi(strings.TrimPrefix(line, "guardian "))
	if err != nil {
		o.t.Fatalf("the owner said %q", line)
	}
	o.guardian = pid
	return o
}

func (o *owner) answer() string {
	o.t.Helper()
	line, err := o.answers.ReadString('\n')
	if err != nil {
		o.t.Fatalf("the owner is gone: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (o *owner) order(what string) { fmt.Fprintln(o.orders, what) }

func (o *owner) do(what string) string {
	o.t.Helper()
	o.order(what)
	return o.answer()
}

// kill is kill -9. It may be called again.
func (o *owner) kill() {
	o.cmd.Process.Kill()
	o.cmd.Wait()
}

// aHorror is the command line of a tree, and its directory.
func aHorror(t testing.TB, kind string) (argv []string, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tree-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range living(t, dir) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		os.RemoveAll(dir)
	})
	return []string{stubborn.Program(t), dir, kind}, dir
}

// living lists the processes of a tree. An owner of this test, which has dir among its arguments too, is none.
func living(t testing.TB, dir string) []int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return stubborn.Living(t, dir, self)
}

// grown waits until so many processes of a tree are where they want to be.
func grown(t testing.TB, dir string, n int) {
	t.Helper()
	testenv.Until(t, func() string {
		names, _ := os.ReadDir(dir)
		if len(names) >= n {
			return ""
		}
		return fmt.Sprintf("%d processes of the tree are ready, want %d", len(names), n)
	})
}

// nobodyLeft waits until the tree is gone.
func nobodyLeft(t testing.TB, dir string) {
	t.Helper()
	testenv.Until(t, func() string {
		if pids := living(t, dir); len(pids) > 0 {
			return fmt.Sprint("still there: ", pids, describe(pids))
		}
		return ""
	})
}

func describe(pids []int) (text string) {
	for _, pid := range pids[:min(len(pids), 5)] {
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		cmdline, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		text += "\n" + string(stat) + strings.ReplaceAll(string(cmdline), "\x00", " ")
	}
	return text
}

// endOf waits for the end of a process that is no child.
func endOf(t testing.TB, pid int) {
	t.Helper()
	before, ok := proctable.Read(pid)
	if !ok {
		return
	}
	testenv.Until(t, func() string {
		if now, ok := proctable.Read(pid); ok && now.Start == before.Start && !now.Dead {
			return fmt.Sprintf("process %d lives", pid)
		}
		return ""
	})
}
