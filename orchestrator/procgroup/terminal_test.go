//go:build linux || darwin || freebsd

package procgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestTerminalIsTheCommandsOwn(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	out, exit := run(t, Spec{PTY: &PTYSize{Rows: 30, Cols: 100}, Files: []*os.File{w}}, "tty")
	want := "terminals: true true true\nsize: 30 100\ncontrolling: true, foreground: true, blocking: true\nfd 3 is a terminal: false\n"
	if out != want || !exit.Success() {
		t.Errorf("%v, it says\n%s\nwant\n%s", exit, out, want)
	}
}

// What was written just before the end is there: hanging up throws nothing away.
func TestTerminalOutputIsWhole(t *testing.T) {
	const lines = 3000
	for range 10 {
		out, _ := run(t, Spec{PTY: &PTYSize{}}, "flood", strconv.Itoa(lines))
		rest := out
		for i := range lines {
			line, after, ok := strings.Cut(rest, "\n")
			if want := "line " + strconv.Itoa(i) + " of the flood"; !ok || line != want {
				t.Fatalf("line %d is %q", i, line)
			}
			rest = after
		}
		if rest != "" {
			t.Fatalf("%d bytes too many", len(rest))
		}
	}
}

func TestTerminalTyping(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{PTY: &PTYSize{}}, tuning{}, "echo")
	name, _ := tr.report()
	if name != "echo" {
		t.Fatalf("reported %q", name)
	}
	a := g.Terminal().Attach()
	defer a.Close()
	screen := bufio.NewReader(a)
	if _, err := io.WriteString(g.Terminal(), "hello\r"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hello\r\n", "read \"hello\"\r\n"} { // the terminal's own echo, and the program's
		if line, err := screen.ReadString('\n'); err != nil || line != want {
			t.Fatalf("the screen shows %q, %v; want %q", line, err, want)
		}
	}
	if err := g.Terminal().Resize(PTYSize{Rows: 50, Cols: 132}); err != nil {
		t.Fatal(err)
	}
	if line := tr.line(); line != "size: 50 132" {
		t.Fatalf("the program says %q", line)
	}
	if _, err := g.Terminal().Write([]byte{3}); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if exit := g.Exit(); exit.Signal != "SIGINT" {
		t.Errorf("it ended with %v", exit)
	}
	if rest, err := io.ReadAll(screen); err != nil || string(rest) != "^C" {
		t.Errorf("then the screen shows %q, %v", rest, err)
	}
	if _, err := g.Terminal().Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("typing after the end: %v", err)
	}
	if err := g.Terminal().Resize(PTYSize{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("resizing after the end: %v", err)
	}
	late := g.Terminal().Attach()
	if all, err := io.ReadAll(late); err != nil || string(all) != "hello\r\nread \"hello\"\r\n^C" {
		t.Errorf("who attaches late sees %q, %v", all, err)
	}
}

// A program that closes its standard files is not hung up on.
func TestTerminalOfAProgramThatClosedIt(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{PTY: &PTYSize{}, Output: func(Block) {}}, tuning{}, "closer")
	tr.report()
	a := g.Terminal().Attach()
	defer a.Close()
	line := make([]byte, len("closing\r\n"))
	if _, err := io.ReadFull(a, line); err != nil || string(line) != "closing\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := g.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if line := tr.line(); line != "got SIGUSR1" {
		t.Fatalf("the program says %q", line)
	}
	if err := g.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if g.Exit().Code != 7 {
		t.Errorf("it ended with %v", g.Exit())
	}
}

func TestAttachmentEndsWithItsClose(t *testing.T) {
	tr := newTestTree(t)
	g := tr.start(Spec{PTY: &PTYSize{}}, tuning{}, "sit", "quiet")
	tr.report()
	a := g.Terminal().Attach()
	ended := make(chan error)
	go func() {
		_, err := a.Read(make([]byte, 1))
		ended <- err
	}()
	a.Close()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("it ended with %v", err)
	}
}

// Whoever reads too slowly misses what is between, and is told how much.
func TestASlowAttachmentSkips(t *testing.T) {
	term := &Terminal{}
	a := term.Attach()
	var all []byte
	for i := 0; len(all) < 3*rawKept; i++ {
		line := fmt.Appendf(nil, "line %d of many\r\n", i)
		all = append(all, line...)
		term.record(line)
	}
	term.ended = true
	got, err := io.ReadAll(a)
	if err != nil || len(got) > rawReplayed || len(got) < rawReplayed-100 || !strings.HasSuffix(string(all), string(got)) {
		t.Errorf("read %d bytes: %.40q, %v", len(got), got, err)
	}
	if want := int64(len(all) - len(got)); skipped(a) != want || !strings.HasPrefix(string(got), "line ") {
		t.Errorf("skipped %d, want %d; it begins with %.40q", skipped(a), want, got)
	}
}

func TestNoTerminal(t *testing.T) {
	g, err := Start(Spec{Argv: []string{os.Args[0], "print"}, Env: childEnv()})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if g.Terminal() != nil {
		t.Error("a terminal that nobody asked for")
	}
}

// skipped is how many bytes the reader has missed so far.
func skipped(a *Attachment) int64 {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	return a.skipped
}
