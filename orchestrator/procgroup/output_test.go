//go:build unix

package procgroup

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestOutputKeepsTheOrderOfBoth(t *testing.T) {
	out, _ := run(t, Spec{}, "stderr")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 200 {
		t.Fatalf("%d lines", len(lines))
	}
	for i := 0; i < 200; i += 2 {
		if !strings.HasPrefix(lines[i], "out ") || !strings.HasPrefix(lines[i+1], "err ") {
			t.Fatalf("lines %d: %q, %q", i, lines[i], lines[i+1])
		}
	}
}

func TestOutputLastLine(t *testing.T) {
	if out, _ := run(t, Spec{}, "print", "a\nlast"); out != "a\nlast\n" {
		t.Errorf("got %q", out)
	}
}

// A sink that is slower than the command gets everything, though the command
// is long gone when it asks for the rest.
func TestOutputOfASlowReader(t *testing.T) {
	release := make(chan struct{})
	var out sink
	g, err := Start(Spec{
		Argv: []string{os.Args[0], "print", strings.Repeat("0123456789abcde\n", 2000)},
		Env:  childEnv(),
		Output: func(b Block) {
			<-release
			out.write(b)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.LeaderDone(), "the leader's end")
	select {
	case <-g.Done():
		t.Error("done before its output was delivered")
	default:
	}
	close(release)
	waitFor(t, g.Done(), "the group's end")
	if n := strings.Count(out.String(), "\n"); n != 2000 {
		t.Errorf("%d lines of 2000", n)
	}
}

func TestOutputIsWhole(t *testing.T) {
	const lines = 200_000
	out, _ := run(t, Spec{}, "flood", "200000")
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

func TestNoOutputWanted(t *testing.T) {
	g, err := Start(Spec{Argv: []string{os.Args[0], "flood", "100000"}, Env: childEnv()})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, g.Done(), "the group's end")
	if !g.Exit().Success() {
		t.Errorf("it ended with %v", g.Exit())
	}
}

// A deadline that passed while the sink was busy loses nothing: what the pipe
// holds is delivered, though a stranger may write more at any time.
func TestOutputAfterTheDeadline(t *testing.T) {
	r, w, err := outputPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() // the stranger
	text := strings.Repeat("0123456789abcde\n", 2000) + "last"
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	var out sink
	deliver(r, out.write, nil)
	if out.String() != text+"\n" {
		t.Errorf("%d bytes of %d were delivered", len(out.String()), len(text)+1)
	}
}

// TestUnfinishedLine: a line without an end is told of while its command waits,
// and comes whole when it has ended.
func TestUnfinishedLine(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("one\nname: "); err != nil {
		t.Fatal(err)
	}
	var out sink
	var told []string
	deliver(r, out.write, func(text []byte) { // between two calls of the other one
		told = append(told, string(text))
		if _, err := w.WriteString("me\ntwo"); err != nil {
			t.Error(err)
		}
		w.Close()
	})
	if out.String() != "one\nname: me\ntwo\n" || !slices.Equal(told, []string{"name: "}) {
		t.Errorf("lines %q, unfinished %q", out.String(), told)
	}
}
