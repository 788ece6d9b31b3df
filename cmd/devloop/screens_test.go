//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/termtest"
	"devloop/orchestrator/test/testenv"
)

// shop is a project with a watcher that can fail and a server that answers.
const shop = `version: 1
sockets:
  web: http::PORT
watchers:
  check:
    watch: "*.go"
    stages:
      - {name: vet, run: 'true'}
      - {name: test, run: cat gate}
      - {name: build, run: sh build.sh}
    trigger: .trigger
processes:
  server: {run: "DEVLOOP_TEST_AS_SERVER=1 exec $SELF page.txt", watch: .trigger, sockets: [web]}
  talker: {run: sh talk.sh, restart: never}
`

const shopBuild = "grep -q undefined main.go || exit 0\ncat problems.txt >&2\nexit 1\n"

// shopFiles are the project's files. gate is one that the test stage reads: a test that makes a pipe of it holds the stage.
func shopFiles() map[string]string {
	problems := "# shop\n"
	for i := range 120 {
		problems += fmt.Sprintf("./main.go:%d:6: declared and not used: x%d\n", 45+i, i)
	}
	return map[string]string{
		"devloop.yaml": strings.ReplaceAll(shop, "PORT", testenv.FreePort()), "build.sh": shopBuild, "gate": "", "talk.sh": "while cat talk; do true; done\n", "page.txt": "hello",
		"main.go": "package main\n" + strings.Repeat("//\n", 200), "problems.txt": problems,
	}
}

// recording is devloop on a terminal, in a project of its own.
type recording struct {
	*terminal
	dir string
}

// record runs devloop in a project with these files.
func record(t *testing.T, rows, cols int, files map[string]string, args ...string) *recording {
	t.Helper()
	r := &recording{dir: inDirectory(t, files)}
	if files["talk.sh"] != "" {
		if err := unix.Mkfifo(filepath.Join(r.dir, "talk"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.terminal = r.on(t, rows, cols, exec.Command(os.Args[0], append([]string{"up"}, args...)...))
	return r
}

// inDirectory makes a directory with these files.
func inDirectory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "devloop-test-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &recording{dir: dir}
	for name, text := range files {
		r.write(t, name, text)
	}
	return dir
}

// on runs a command in the project, on a terminal; $SELF is devloop.
func (r *recording) on(t *testing.T, rows, cols int, child *exec.Cmd) *terminal {
	t.Helper()
	child.Dir = r.dir
	child.Env = r.environ()
	x := &terminal{t, termtest.Start(t, rows, cols, child)}
	t.Cleanup(func() { _ = child.Process.Kill() }) // it may have ended
	return x
}

func (r *recording) environ() []string {
	return append(os.Environ(), asDevloop+"=1", "SELF="+os.Args[0], "DEVLOOP_RUNTIME_DIR="+r.dir+"/.run", "XDG_STATE_HOME="+r.dir+"/.state",
		"CI=", "NO_COLOR=", "TERM=xterm-256color", "TERM_PROGRAM=", "VTE_VERSION=", "TMUX=", "PS1=ready> ", "EDITOR=echo edited", "BROWSER=true", "ENV="+os.DevNull)
}

func (r *recording) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// verb runs another devloop in the project, to its end.
func (r *recording) verb(t *testing.T, args ...string) {
	t.Helper()
	if out, err := r.command(args...).CombinedOutput(); err != nil {
		t.Fatalf("devloop %v: %v\n%s", args, err, out)
	}
}

// TestNothingIsWrittenWhenIdle: while others ask it, and nothing happens, devloop writes nothing.
func TestNothingIsWrittenWhenIdle(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	r.verb(t, "wait")
	r.verb(t, "status") // what the end of the wait has changed is written
	before := r.Written()
	for range 20 {
		r.verb(t, "status")
	}
	if more := r.Since(before); more != "" {
		t.Errorf("devloop has written %q", more)
	}
}

// TestEveryLineOnce: four processes print as fast as they can, while the window changes its size. Every line is seen, once
// and whole, and nothing else but what devloop says.
func TestEveryLineOnce(t *testing.T) {
	t.Parallel()
	lines := testenv.Either(2_000, 3_000) // the emulator writes all of them anew when the window changes its size
	config := "processes:\n"
	for _, name := range []string{"ant", "bee", "cat", "dog"} {
		config += fmt.Sprintf("  %s: {run: \"seq -f '%s %%06g of a long line' %d; exec sleep 1000\"}\n", name, name, lines)
	}
	r := record(t, 24, 100, map[string]string{"devloop.yaml": config})
	for i := range testenv.Either(10, 20) {
		r.Await(`dog +\| `)
		r.Resize(10+i%30, 60+(37*i)%80)
	}
	ended, from := map[string]bool{}, 0
	testenv.UntilTrue(t, "every process has printed its last line", func() bool {
		text := r.Since(from)
		for _, name := range []string{"ant", "bee", "cat", "dog"} {
			ended[name] = ended[name] || strings.Contains(text, fmt.Sprintf("%s %06d of a long line", name, lines))
		}
		from += max(0, len(text)-100) // the end may be half a line
		return ended["ant"] && ended["bee"] && ended["cat"] && ended["dog"]
	})
	line := regexp.MustCompile(`^(ant|bee|cat|dog) +\| (ant|bee|cat|dog) (\d{6}) of a long line$`)
	own := regexp.MustCompile(`^(ant|bee|cat|dog) +✓ started$|^$`)
	next := map[string]int{}
	seen := r.Shows(`^● live`)
	if got := seen.Rows()[seen.Y]; !strings.HasPrefix(got, "● live") || seen.X != 0 {
		t.Errorf("the cursor is in column %d of %q", seen.X, got)
	}
	for _, row := range append(r.Past(), seen.Rows()[:seen.Y]...) {
		m := line.FindStringSubmatch(row)
		switch {
		case m == nil && !own.MatchString(row):
			t.Errorf("%q is no line of anybody", row)
		case m == nil:
		case m[1] != m[2] || m[3] != fmt.Sprintf("%06d", next[m[1]]+1):
			t.Fatalf("%q comes after line %d", row, next[m[1]])
		default:
			next[m[1]]++
		}
	}
}

// TestTheCursorIsWhereItBelongs: however devloop ends or is stopped, a shell's prompt comes on a line of its own, with
// nothing of devloop's below or beside it, and what is typed is seen.
func TestTheCursorIsWhereItBelongs(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *recording, pid int){
		"q":       func(r *recording, _ int) { r.Press("q") },
		"Ctrl-C":  func(r *recording, _ int) { r.Press("\x03") },
		"Ctrl-Z":  func(r *recording, _ int) { r.Press("\x1a") },
		"SIGTERM": func(_ *recording, pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) },
		"SIGQUIT": func(r *recording, _ int) { r.Press("\x1c") },
		"SIGKILL": func(_ *recording, pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": "processes: {nap: {run: 'exec sleep 1000 >held'}}\n"})}
			if err := unix.Mkfifo(filepath.Join(r.dir, "held"), 0o600); err != nil {
				t.Fatal(err)
			}
			r.terminal = r.on(t, 24, 80, exec.Command("/bin/sh", "-im"))
			r.Await("ready> ")
			r.Press("$SELF up --color never\r")
			held, err := os.Open(filepath.Join(r.dir, "held")) // it waits for the command
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			r.Press("?")
			r.Await("keys: a ") // it reads keys
			pid, err := unix.IoctlGetInt(int(r.Side.Fd()), unix.TIOCGPGRP)
			if err != nil {
				t.Fatal(err)
			}
			end(r, pid)
			r.Await(`ready> `)
			testenv.UntilTrue(t, "what is typed is seen", func() bool {
				modes, err := unix.IoctlGetTermios(int(r.Side.Fd()), getTermios)
				return err == nil && modes.Lflag&unix.ECHO != 0
			})
			r.Press("echo here\r")
			r.Await(`\r\nhere\r\nready> `)
			seen := r.Screen()
			rows := seen.Rows()
			if got := rows[seen.Y]; got != "ready>" || seen.X != len("ready> ") || seen.Hidden || seen.Alternate {
				t.Errorf("the prompt is %q, the cursor at %d; hidden %v", got, seen.X, seen.Hidden)
			}
			if got := rows[seen.Y-2]; got != "ready> echo here" {
				t.Errorf("what was typed is seen as %q", got)
			}
			if below := strings.Join(rows[seen.Y+1:], ""); below != "" {
				t.Errorf("below the prompt is %q", below)
			}
			if name == "Ctrl-Z" {
				r.Press("fg\r")
				r.Press("?")
				r.Await("keys: a ")
				r.Press("q")
				r.Await("ready> ")
			}
		})
	}
}
