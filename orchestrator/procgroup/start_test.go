//go:build unix

package procgroup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// script writes an executable file and returns its path.
func script(t testing.TB, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	script(t, dir, "bin/tool", "#!/bin/sh\necho bin/tool \"$0\" \"$@\"\n", 0o755)
	script(t, dir, "other/tool", "#!/bin/sh\necho other/tool\n", 0o755)
	script(t, dir, "here", "#!/bin/sh\necho here\n", 0o755)
	script(t, dir, "denied/tool", "#!/bin/sh\n", 0o644)
	script(t, dir, "bare", "echo bare \"$1\"\n", 0o755)
	if err := os.MkdirAll(filepath.Join(dir, "folder/tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	const std = ":/usr/bin:/bin"
	for _, tc := range []struct {
		name, path string
		argv       []string
		want       string
	}{
		{"a relative program starts at Dir", std, []string{"./bin/tool", "a b"}, "bin/tool ./bin/tool a b"},
		{"PATH is the child's", dir + "/other:" + dir + "/bin" + std, []string{"tool"}, "other/tool"},
		{"relative PATH entries start at Dir", "bin" + std, []string{"tool"}, "bin/tool"},
		{"an empty PATH entry is Dir", "/no/such" + ":" + std, []string{"here"}, "here"},
		{"what cannot be executed is passed over", dir + "/denied:" + dir + "/folder:" + dir + "/other" + std, []string{"tool"}, "other/tool"},
		{"a text file is the shell's", std, []string{"./bare", "x"}, "bare x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out sink
			g, err := Start(Spec{Argv: tc.argv, Dir: dir, Env: []string{"PATH=/no", "PATH=" + tc.path}, Output: out.write})
			if err != nil {
				t.Fatal(err)
			}
			waitFor(t, g.Done(), "the group's end")
			if got := strings.TrimSpace(out.String()); !strings.HasPrefix(got, tc.want) {
				t.Errorf("it printed %q, want %q", got, tc.want)
			}
		})
	}
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	denied := script(t, dir, "denied", "#!/bin/sh\n", 0o644)
	crlf := script(t, dir, "crlf", "#!/bin/sh\r\necho hi\r\n", 0o755)
	lost := script(t, dir, "lost", "#!/no/such/interpreter -x\n", 0o755)
	for _, tc := range []struct {
		name string
		spec Spec
		want error
		text string
	}{
		{"nothing", Spec{}, ErrNotFound, "start command: it is empty"},
		{"an empty name", Spec{Argv: []string{""}}, ErrNotFound, "start command: it is empty"},
		{"not in PATH", Spec{Argv: []string{"no-such-tool"}}, ErrNotFound, "start no-such-tool: command not found in PATH"},
		{"an empty environment", Spec{Argv: []string{"no-such-tool"}, Env: []string{}}, ErrNotFound, "not found in PATH"},
		{"no such file", Spec{Argv: []string{"./nope"}, Dir: dir}, ErrNotFound, "no such file " + dir + "/./nope"},
		{"a file on the way", Spec{Argv: []string{denied + "/x"}}, ErrNotFound, "no such file"},
		{"not executable", Spec{Argv: []string{"./denied"}, Dir: dir}, ErrPermission, "permission denied: " + dir + "/./denied"},
		{"not executable in PATH", Spec{Argv: []string{"denied"}, Env: []string{"PATH=/no:" + dir}}, ErrPermission, denied},
		{"a directory", Spec{Argv: []string{dir}}, ErrPermission, "is a directory"},
		{"no directory", Spec{Argv: []string{"true"}, Dir: dir + "/nope"}, errDir, dir + "/nope: no such file or directory"},
		{"a file for a directory", Spec{Argv: []string{"true"}, Dir: denied}, errDir, "not a directory"},
		{"an interpreter that is missing", Spec{Argv: []string{lost}}, errInterpreter, "names /no/such/interpreter -x"},
		{"a carriage return after the interpreter", Spec{Argv: []string{crlf}}, errInterpreter, "carriage return"},
		{"a binary of another machine", Spec{Argv: []string{notAProgram(t)}}, errFormat, "not a program"},
		{"an argument that is too long", Spec{Argv: []string{"true", strings.Repeat("x", 8<<20)}}, nil, "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g, err := Start(tc.spec)
			if err == nil {
				waitFor(t, g.Done(), "the group's end")
				t.Fatal("it started")
			}
			if tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %q, want %v and %q", err, tc.want, tc.text)
			}
		})
	}
}

// busy is a copy of this binary that is open for writing until it is closed.
func busy(t *testing.T) (path string, hold *os.File) {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "program")
	hold, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hold.Close() })
	if _, err := hold.Write(self); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(path).Run(); err == nil || !strings.Contains(err.Error(), "busy") {
		t.Skipf("this system runs a program that is open for writing: %v", err)
	}
	return path, hold
}

func TestBusyProgramStartsLater(t *testing.T) {
	path, hold := busy(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var out sink
	g, err := start(Spec{
		Argv: []string{path, "flags"}, Env: childEnv(),
		Files: []*os.File{r}, Output: out.write,
	}, tuning{patience: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	r.Close() // it is the caller's, before the start too
	if pid := g.PID(); pid != 0 {
		t.Errorf("the pid is %d before the start", pid)
	}
	if err := g.Signal(os.Interrupt); !errors.Is(err, errNotStarted) {
		t.Errorf("Signal: %v", err)
	}
	if pids, err := g.Members(); len(pids) != 0 || err != nil {
		t.Errorf("Members: %v, %v", pids, err)
	}
	g.Hold()
	select {
	case <-g.Started():
		t.Fatal("it started while it was being written")
	default:
	}
	hold.Close()
	waitFor(t, g.Started(), "the start")
	waitFor(t, g.Done(), "the group's end")
	if out.String() != "true <nil>\n" || !g.Exit().Success() {
		t.Errorf("it printed %q and ended with %v", &out, g.Exit())
	}
}

func TestBusyProgramIsGivenUp(t *testing.T) {
	path, _ := busy(t)
	g, err := start(Spec{Argv: []string{path}, Output: func(Block) {}}, tuning{patience: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	waitFor(t, g.Started(), "the start")
	waitFor(t, g.LeaderDone(), "the leader's end")
	exit := g.Exit()
	if !errors.Is(exit.Err, errBusy) || exit.Code != -1 || exit.Success() || exit.Ended.IsZero() {
		t.Errorf("it ended with %v, code %d", exit, exit.Code)
	}
	if g.PID() != 0 || g.Kill() != nil {
		t.Error("there is somebody to kill")
	}
}

func TestBusyProgramIsStoppedBeforeItStarts(t *testing.T) {
	for name, stop := range map[string]func(*Group) error{
		"Stop": func(g *Group) error { return g.Stop(os.Interrupt) },
		"Kill": (*Group).Kill,
	} {
		t.Run(name, func(t *testing.T) {
			path, _ := busy(t)
			g, err := start(Spec{Argv: []string{path}, Output: func(Block) {}}, tuning{patience: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := stop(g); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			waitFor(t, g.Done(), "the group's end")
			if exit := g.Exit(); !errors.Is(exit.Err, errStopped) {
				t.Errorf("it ended with %v", exit)
			}
		})
	}
}

// The copies of the files that a start in the background needs are closed.
func TestBusyProgramLeavesNothingOpen(t *testing.T) {
	for name, patience := range map[string]time.Duration{"started": time.Hour, "given up": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			path, hold := busy(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			defer r.Close()
			before := openDescriptors(t)
			g, err := start(Spec{
				Argv: []string{path, "exit", "0"}, Env: childEnv(),
				Files: []*os.File{r, w}, Output: func(Block) {},
			}, tuning{patience: patience})
			if err != nil {
				t.Fatal(err)
			}
			if patience > time.Minute {
				hold.Close()
				before-- // hold itself
			}
			waitFor(t, g.Done(), "the group's end")
			if after := openDescriptors(t); after != before {
				t.Errorf("%d descriptors were open before, %d are now", before, after)
			}
		})
	}
}

// The race behind it: a program is written and started while other goroutines
// fork children, which hold its descriptor until their exec.
func TestFreshProgramsWhileOthersFork(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	forked := make(chan error, 1)
	go func() {
		defer close(forked)
		for ctx.Err() == nil {
			if err := exec.Command("/bin/sh", "-c", ":").Run(); err != nil {
				forked <- err
				return
			}
		}
	}()
	dir := t.TempDir()
	text := append([]byte("#!/bin/sh\nexit 7\n"), bytes.Repeat([]byte("#\n"), 1000)...)
	for i := range 200 {
		path := filepath.Join(dir, "program"+strconv.Itoa(i))
		if err := os.WriteFile(path, text, 0o755); err != nil {
			t.Fatal(err)
		}
		g, err := Start(Spec{Argv: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, g.Done(), "the group's end")
		if exit := g.Exit(); exit.Code != 7 {
			t.Fatalf("program %d ended with %v", i, exit)
		}
	}
	cancel()
	if err := <-forked; err != nil {
		t.Fatal(err)
	}
}
