//go:build unix

package shim_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/test/testenv"
)

// The test binary imports the package, and so is a program that can start itself through the shim. The tests are a package
// of their own: what they import would otherwise have to be initialised before the shim acts.

// through is a command by way of the shim, with the environment of the test and env.
func through(t testing.TB, env []string, argv ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wrapped := shim.Wrap(self, argv)
	cmd := exec.Command(wrapped[0], wrapped[1:]...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var errText bytes.Buffer
	cmd.Stderr = &errText
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v, %s", cmd.Args, err, &errText)
	}
	return string(out)
}

func TestPIDIsRight(t *testing.T) {
	const script = `echo "$LISTEN_PID $$ ${LISTEN_PIDFDID-none} $0 $1"`
	cmd := through(t, []string{"LISTEN_PID=1", "LISTEN_PIDFDID=2"}, "/bin/sh", "-c", script, "zero", "one two")
	got := output(t, cmd)
	pid := strconv.Itoa(cmd.ProcessState.Pid())
	if want := pid + " " + pid + " none zero one two\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDefaultSelf(t *testing.T) {
	got := shim.Wrap("", []string{"cmd", "arg"})
	if len(got) != 4 || !slices.Equal(got[2:], []string{"cmd", "arg"}) {
		t.Fatalf("wrapped as %q", got)
	}
	if runtime.GOOS == "linux" && got[0] != "/proc/self/exe" {
		t.Errorf("self is %s, want the running program whatever became of its file", got[0])
	}
	cmd := exec.Command(got[0], shim.Wrap("", []string{"/bin/echo", "hi"})[1:]...)
	if got := output(t, cmd); got != "hi\n" {
		t.Errorf("got %q", got)
	}
	if got := shim.Wrap("", nil); got != nil {
		t.Errorf("nothing wrapped as %q", got)
	}
}

func TestPathIsTheChilds(t *testing.T) {
	empty, dir := t.TempDir(), t.TempDir()
	script := func(dir, name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho "+text+"\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	script(dir, "tool", "found", 0o755)
	script(empty, "tool", "not executable", 0o644)
	script(dir, "here", "here", 0o755)
	if got := output(t, through(t, []string{"PATH=" + empty + ":" + dir}, "tool")); got != "found\n" {
		t.Errorf("got %q", got)
	}
	cmd := through(t, []string{"PATH=/nowhere:"}, "here")
	cmd.Dir = dir
	if got := output(t, cmd); got != "here\n" {
		t.Errorf("from the current directory: %q", got)
	}
	cmd = through(t, nil, "true")
	cmd.Env = []string{"A=b"}
	output(t, cmd) // by the default path
}

// A script that does not say what runs it is run by sh, as by every shell, and
// has the true pid all the same.
func TestScriptWithoutInterpreter(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("[ $LISTEN_PID = $$ ] && echo true for \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := output(t, through(t, nil, script, "an argument")); got != "true for an argument\n" {
		t.Errorf("the script said %q", got)
	}
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		command, text string
		code          int
	}{
		{filepath.Join(dir, "none"), "no such file or directory", 127},
		{"no-such-command", "no such file or directory", 127},
		{"", "no such file or directory", 127},
		{plain + "/x", "not a directory", 127},
		{plain, "permission denied", 126},
		{"plain", "permission denied", 126},
		{dir, "permission denied", 126},
	} {
		cmd := through(t, []string{"PATH=" + dir}, test.command)
		var errText bytes.Buffer
		cmd.Stderr = &errText
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.code {
			t.Errorf("%q: %v, want exit code %d", test.command, err, test.code)
		}
		if want := "devloop: error: start " + test.command + ": " + test.text + "\n"; errText.String() != want {
			t.Errorf("%q: said %q, want %q", test.command, errText.String(), want)
		}
	}
	err := shim.Exec([]string{"no-such-command"}, nil)
	var e *shim.Error
	if !errors.As(err, &e) || e.Command != "no-such-command" || !errors.Is(err, syscall.ENOENT) || shim.ExitCode(err) != 127 {
		t.Errorf("%v", err)
	}
	if err := shim.Exec(nil, nil); shim.ExitCode(err) != 126 {
		t.Errorf("of nothing: %v", err)
	}
}

// A program that a build has just written may still be open for writing in some child for a moment.
func TestWaitsForTheWriter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux refuses to run a program that is open for writing")
	}
	program := filepath.Join(t.TempDir(), "program")
	image, err := os.ReadFile("/bin/echo")
	if err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(image); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(program).Run(); !errors.Is(err, syscall.ETXTBSY) {
		t.Fatalf("started directly: %v, want ETXTBSY", err)
	}
	cmd := through(t, nil, program, "hi")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// While it waits it has our argument vector; the system has no event for "has tried and failed", so look until the
	// process has been asleep, which a shim is for no other reason.
	asleep(t, cmd.Process.Pid)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || out.String() != "hi\n" {
		t.Errorf("%q, %v", &out, err)
	}

	busy, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	err = through(t, nil, program).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 126 {
		t.Errorf("with a writer that stays: %v, want exit code 126", err)
	}
}

// asleep polls until a process sleeps: there is no event for it.
func asleep(t *testing.T, pid int) {
	t.Helper()
	testenv.UntilTrue(t, "it sleeps", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(stat), ") S ")
	})
}
