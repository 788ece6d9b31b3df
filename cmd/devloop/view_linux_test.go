package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/testenv"
)

// view runs devloop view for a recording's loop, on a terminal of its own.
func (r *recording) view(t *testing.T, rows, cols int) *terminal {
	t.Helper()
	return r.on(t, rows, cols, exec.Command("env", "PAGER=cat; echo paged; read _ </dev/tty; true", "VISUAL=", "EDITOR=echo edits", os.Args[0], "view"))
}

// broken is main.go with 120 mistakes.
const broken = "package main // undefined\n"

// TestView: two whole screens of one loop, from a good save over a failure with 120 problems to the next good save and
// to the end of the loop.
func TestView(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	x, other := r.view(t, 24, 80), r.view(t, 12, 50)
	x.Shows(`^● live · save \d+ in `)
	if seen := x.Screen(); !seen.Alternate || !seen.Hidden || !strings.HasPrefix(seen.Title, "● ") {
		t.Errorf("alternate screen %v, hidden cursor %v, title %q", seen.Alternate, seen.Hidden, seen.Title)
	}
	other.Shows(`^0 all ✓ check ● server`)
	x.Press("1")
	x.Shows(`^Output of check`)
	r.write(t, "main.go", broken+strings.Repeat("//\n", 200))
	x.Shows(`^1 ✗ check  failed +\S+ +main.go:45:6 declared and not used: x0 \(\+119\)`)
	x.Shows(`^✗ check failed: main.go:45:6 declared`)
	x.Shows(`Problems 120`)
	other.Shows(`Prob 120`)
	x.Press("n")
	x.Shows(`(?s)^./main.go:45:6: declared and not used: x0$.*^main.go:45:6 declared and not used: x0 `)
	x.Press("nn\t")
	x.Shows(`^✗ main.go:47:6 declared and not used: x2 \(check, compile\)$`)
	x.Press("y")
	x.Await("\x1b\\]52;c;[A-Za-z0-9+/=]+\a")
	x.Press("e")
	x.Await(`edits \+47 .*main.go`)
	x.Shows(`^Output of check`)
	x.Press("\x1b[Z\x1b[Z\t")
	x.Press("|")
	x.Await(`main.go:164:6: declared and not used: x119\r\n`)
	x.Await(`paged`)
	x.Press("\r")
	x.Shows(`^Output of check`)
	x.Press("G")
	x.Resize(40, 120)
	x.Shows(`^1 ✗ check .*│ `)
	x.Shows(`│ ✗ failed`)
	x.Resize(20, 40)
	x.Shows(`^0 all ✗ check ● server`)
	x.Press("z")
	x.Shows(`(?s)\A(\./main|x\d+\n).*^✗ .* z back$`)
	x.Press("z")
	x.Resize(24, 80)
	r.write(t, "main.go", "package main\n")
	x.Shows(`^● live`)
	x.Press("\t\t")
	x.Shows(`(?s)^✓ \d+ +\S+ +\S+ +main.go$.*check run 3 .*passed`)
	x.Press("q")
	x.Await(`\x1b\[\?1049l`)
	x.ends(exitOK)
	if seen := x.Screen(); seen.Alternate || seen.Hidden {
		t.Error("the screen is not given back")
	}

	r.Press("q")
	r.ends(exitOK)
	other.Shows(`^■ the loop has ended`)
	if err := other.Child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	other.ends(exitOK)
}

// TestViewWritesNothingWhenIdle: while others ask the loop, and nothing happens, the view writes nothing.
func TestViewWritesNothingWhenIdle(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	x := r.view(t, 24, 80)
	x.Shows(`^● live · save`)
	r.verb(t, "wait")
	x.Press("1")
	x.Shows(`^Output of check`)
	x.Press("0")
	x.Shows(`^Output of all`)
	before := x.Written()
	for range 20 {
		r.verb(t, "logs", "-n", "1")
	}
	if more := x.Since(before); more != "" {
		t.Errorf("the view has written %q", more)
	}
}

// TestAMinuteOfIdling: for a minute nothing happens. Neither the loop nor the view writes a byte, and both need less than half a
// percent of a processor, which is shown as 0.
func TestAMinuteOfIdling(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("TestNothingIsWrittenWhenIdle and TestViewWritesNothingWhenIdle are the short form")
	}
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	x := r.view(t, 24, 80)
	x.Shows(`^● live · save`)
	r.verb(t, "wait")
	quiet := func() bool { // what the start has caused is over
		loop, view := r.Written(), x.Written()
		<-time.After(5 * time.Second)
		return r.Written() == loop && x.Written() == view
	}
	testenv.UntilTrue(t, "the start is over", quiet)
	sides := []*terminal{r.terminal, x}
	var written []int
	var used []time.Duration
	for _, s := range sides {
		written, used = append(written, s.Written()), append(used, processorTime(t, s.Child.Process.Pid))
	}
	<-time.After(time.Minute)
	for i, s := range sides {
		if more := s.Since(written[i]); more != "" {
			t.Errorf("%v has written %q", s.Child.Args, more)
		}
		if took := processorTime(t, s.Child.Process.Pid) - used[i]; took > time.Minute/200 {
			t.Errorf("%v has used %v", s.Child.Args, took)
		}
	}
}

// processorTime is what all threads of a process have used so far.
func processorTime(t *testing.T, pid int) (sum time.Duration) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads of %d: %v", pid, err)
	}
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		used, _, _ := strings.Cut(string(text), " ")
		sum += time.Duration(number(t, used))
	}
	return sum
}

// TestViewOfAFlood: four processes print as fast as they can. Every line that is kept is there, whole and once.
func TestViewOfAFlood(t *testing.T) {
	t.Parallel()
	const lines = 9_000
	config := "processes:\n"
	names := []string{"ant", "bee", "cat", "dog"}
	for _, name := range names {
		config += fmt.Sprintf("  %[1]s: {run: \"cat go.%[1]s; seq -f '%[1]s %%06g of a long line' %[2]d; exec sleep 1000\"}\n", name, lines)
	}
	r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": config})}
	for _, name := range names {
		if err := syscall.Mkfifo(filepath.Join(r.dir, "go."+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.verb(t, "up", "-d")
	t.Cleanup(func() { r.verb(t, "down") })
	x := r.view(t, 24, 100)
	x.Shows(`^4 . dog`)
	for _, name := range names {
		r.write(t, "go."+name, "") // it goes on
	}
	whole := regexp.MustCompile(`(?m)│ (\w+) (\d{6}) of a long line$`)
	for i, name := range names {
		x.Press(fmt.Sprint(i + 1))
		x.Shows(fmt.Sprintf(`│ %s %06d of a long line$`, name, lines))
		x.Press("g")
		x.Shows(fmt.Sprintf(`│ %s 000001 of a long line$`, name))
		for page := range 3 {
			x.Press(strings.Repeat(" ", 20))
			first := 2 + 20*21*(page+1) // or above it, where the start of the process is a line, too
			seen := x.Shows(fmt.Sprintf(`(?s)│ %[1]s %06[2]d of a long line$.*│ %[1]s %06[3]d of a long line$`, name, first, first+19)).Text()
			found := whole.FindAllStringSubmatch(seen, -1)
			for j, m := range found[1:21] {
				if want := fmt.Sprintf("%06d", number(t, found[0][2])+1+j); m[1] != name || m[2] != want {
					t.Fatalf("%s %s stands where %s %s should:\n%s", m[1], m[2], name, want, seen)
				}
			}
		}
	}
	x.Press("q")
	x.ends(exitOK)
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestViewOfALoopInTheBackground: --ui tui starts one, d leaves it, q goes on with lines, and there Ctrl-C ends it.
func TestViewOfALoopInTheBackground(t *testing.T) {
	t.Parallel()
	r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": "processes: {server: {run: 'echo it has begun; exec sleep 1000'}}\n"})}
	x := r.on(t, 24, 80, exec.Command(os.Args[0], "--ui", "tui"))
	x.Shows(`(?s)^1 ● server +ready.*^server it has begun$`)
	x.Press("d")
	x.ends(exitOK)
	x.Shows(`^devloop runs devloop.yaml in the background: pid`)
	x = r.on(t, 24, 80, exec.Command(os.Args[0], "up", "--ui", "tui"))
	x.Shows(`^1 ● server +ready`)
	x.Press("q")
	x.Shows(`(?s)Ctrl-C ends the loop.*^server +\| it has begun$`)
	x.Press("\x03")
	x.ends(exitOK)
	status := exec.Command(os.Args[0], "status")
	status.Dir, status.Env = r.dir, r.environ()
	if _ = status.Run(); status.ProcessState.ExitCode() != exitNoLoop {
		t.Error("a loop is left")
	}
}

// TestTheKeyForTheWholeScreen: t shows it in the loop's own terminal, q goes back, and what has been written meanwhile
// comes then, once. The end of the loop ends the view.
func TestTheKeyForTheWholeScreen(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	r.Press("t")
	r.Shows(`^Output of all`)
	r.write(t, "main.go", broken+strings.Repeat("//\n", 200))
	r.Shows(`^✗ check failed: main.go:45:6`)
	if past := strings.Join(r.Past(), "\n"); strings.Contains(past, "declared") {
		t.Errorf("the lines have left the screen: %s", past)
	}
	r.Press("q")
	r.Await(`\x1b\[\?1049l`)
	seen := r.Shows(`(?s)^check +✗ main.go · compile failed.*✗ check failed`)
	if n := strings.Count(seen.Text(), "compile failed"); n != 1 || seen.Alternate {
		t.Errorf("the failure is there %d times:\n%s", n, seen)
	}
	r.Press("t")
	r.Shows(`^Output of all`)
	r.Await(`\x1b\[\?1049h`)
	r.verb(t, "down")
	r.Await(`\x1b\[\?1049l`)
	r.ends(exitOK)
	if seen := r.Screen(); seen.Alternate || seen.Hidden {
		t.Error("the screen is not given back")
	}
}

// TestTheLoopLeavesItsTerminal: d in the view that the key t has shown gives the terminal to the shell. The loop goes on
// without a word, outlives a hangup, and the shell's fg shows its lines again.
func TestTheLoopLeavesItsTerminal(t *testing.T) {
	t.Parallel()
	r := &recording{dir: inDirectory(t, quick())}
	beside := &recording{dir: r.dir}
	r.terminal = r.on(t, 24, 80, exec.Command("/bin/sh", "-im"))
	r.Await("ready> ")
	r.Press("$SELF up\r")
	r.Shows(`^● live`)
	beside.verb(t, "wait")
	loop, err := unix.IoctlGetInt(int(r.Side.Fd()), unix.TIOCGPGRP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(loop, syscall.SIGKILL) }) // it has ended, unless the test has failed
	r.Press("t")
	r.Shows(`^Output of all`)
	r.Press("d")
	seen := r.Shows(`(?s)^devloop runs devloop.yaml in the background: pid \d+$.*^  fg  .*^ready>$`)
	if seen.Alternate || seen.Hidden || strings.Contains(seen.Text(), "? keys") {
		t.Errorf("the screen is not given back:\n%s", seen)
	}
	if err := syscall.Kill(loop, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	before := r.Written()
	r.write(t, "main.go", broken+strings.Repeat("//\n", 200))
	beside.until(t, "✗ check", "status")
	r.Press("echo here\r")
	r.Shows(`(?s)^ready> echo here\nhere\nready>$`)
	if text := r.Since(before); strings.Contains(text, "main.go") {
		t.Errorf("it has written %q", text)
	}
	r.Press("fg\r")
	r.Shows(`(?s)^devloop \| \d+ lines? not shown here; .*^✗ check failed`)
	r.write(t, "main.go", "package main\n")
	r.Shows(`^● live · save 3`)
	r.Press("q")
	r.Shows(`(?s)^ready>$`)
}

// TestNoShellToLeaveTo: a loop that no shell has started as a job stays where it is.
func TestNoShellToLeaveTo(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, quick())
	r.Shows(`^● live`)
	r.Press("t")
	r.Shows(`^Output of all`)
	r.Press("d")
	r.Shows("^no shell has started this loop as a job; see `devloop up -d`")
	r.Press("q")
	r.Await(`\x1b\[\?1049l`)
	r.Shows(`^● live`)
	r.Press("q")
	r.ends(exitOK)
}
