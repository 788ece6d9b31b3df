//go:build unix

// Package termtest runs a program on a terminal of its own, and tells what a person sees there: a pseudo-terminal, and an
// emulator that reads everything that is written to it and answers its questions.
package termtest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Patience bounds every wait here. It is long, because a busy machine is slow; it measures nothing.
const Patience = 30 * time.Second

// Terminal is a terminal with a program on it.
type Terminal struct {
	Side, TTY *os.File // the person's side, and the program's
	Child     *exec.Cmd

	t testing.TB

	mu     sync.Mutex // guards what follows
	shown  *vt.Emulator
	size   pty.Winsize
	half   []byte // a sequence or a character whose end has not come
	title  string
	raw    []byte        // everything that was written
	passed int           // of raw: up to the end of the last match of Await
	moved  chan struct{} // closed when more was written, or nothing will be
	hungUp bool
	joined sync.WaitGroup
}

// Start runs a command, not started yet, on a terminal of its own, in a session of its own.
func Start(t testing.TB, rows, cols int, child *exec.Cmd) *Terminal {
	t.Helper()
	side, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal here: %v", err)
	}
	x := &Terminal{Side: side, TTY: tty, Child: child, t: t, moved: make(chan struct{})}
	x.size = pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}
	x.shown = x.emulator()
	if err := pty.Setsize(side, &x.size); err != nil {
		t.Fatal(err)
	}
	child.Stdin, child.Stdout, child.Stderr = tty, tty, tty
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	x.joined.Go(x.read)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows:\n%s", x.Screen())
		}
		tty.Close()
		side.Close()
		closeAnswers(x.shown)
		x.joined.Wait()
	})
	return x
}

// emulator is one that remembers every line, and answers as terminals do when they are asked where their cursor is.
func (x *Terminal) emulator() *vt.Emulator {
	e := vt.NewEmulator(int(x.size.Cols), int(x.size.Rows))
	e.SetScrollbackSize(1 << 20)
	x.joined.Go(func() { _, _ = io.Copy(x.Side, e) }) // until it is closed
	return e
}

func (x *Terminal) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := x.Side.Read(buf)
		x.mu.Lock()
		if n > 0 {
			x.write(buf[:n])
		}
		x.hungUp = err != nil
		close(x.moved)
		x.moved = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// write shows what the program writes, but for a sequence or a character whose end has not come yet: so the emulator is never
// in the middle of one. It is kept from titles, because it takes a byte of ✗ for their end.
func (x *Terminal) write(text []byte) {
	x.raw = append(x.raw, text...)
	fresh := slices.Concat(x.half, text)
	whole := len(fresh)
	if at := halfSequence.FindIndex(fresh); at != nil {
		whole = at[0]
	}
	for i := 1; i < utf8.UTFMax && i <= len(fresh); i++ {
		if last := fresh[len(fresh)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				whole = min(whole, len(fresh)-i)
			}
			break
		}
	}
	x.half = bytes.Clone(fresh[whole:])
	_, _ = x.shown.Write(titled.ReplaceAllFunc(fresh[:whole], func(sequence []byte) []byte {
		x.title = string(titled.FindSubmatch(sequence)[1])
		return nil
	})) // it takes everything
}

var (
	halfSequence = regexp.MustCompile(`(\x1b|\x1b\[[0-9;:?<=>]*|\x1b\][^\a\x1b]*\x1b?)$`)
	titled       = regexp.MustCompile(`\x1b\][02];([^\a\x1b]*)(\a|\x1b\\)`)
)

// Press types keys.
func (x *Terminal) Press(keys string) {
	x.t.Helper()
	if _, err := x.Side.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// until looks whenever something was written, with the lock held.
func (x *Terminal) until(what string, is func() bool) {
	x.t.Helper()
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	x.mu.Lock()
	for !is() {
		moved, over := x.moved, x.hungUp
		x.mu.Unlock()
		if over {
			x.t.Fatalf("the program has ended, and never: %s", what)
		}
		select {
		case <-moved:
		case <-limit.C:
			x.t.Fatalf("never: %s", what)
		}
		x.mu.Lock()
	}
	x.mu.Unlock()
}

// Await waits until something is written that matches the pattern, after what the last Await has found, and returns
// everything in between and the match.
func (x *Terminal) Await(pattern string) (text string) {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	x.until(fmt.Sprintf("%q is written", pattern), func() bool {
		at := re.FindIndex(x.raw[x.passed:])
		if at != nil {
			text = string(x.raw[x.passed:][:at[1]])
			x.passed += at[1]
		}
		return at != nil
	})
	return text
}

// Shows waits until the screen shows what matches the pattern, in which ^ and $ are the ends of a line, and returns that screen.
func (x *Terminal) Shows(pattern string) (seen Screen) {
	x.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	x.until(fmt.Sprintf("the screen shows %q", pattern), func() bool {
		seen = x.look()
		return re.MatchString(seen.Text())
	})
	return seen
}

// Written is how many bytes were written so far.
func (x *Terminal) Written() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.raw)
}

// Since is what was written after so many bytes.
func (x *Terminal) Since(written int) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw[written:])
}

// Screen is what is seen now.
func (x *Terminal) Screen() Screen {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.look()
}

// Past is what has left the screen at its top, the oldest line first.
func (x *Terminal) Past() (lines []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, line := range x.shown.Scrollback().Lines() {
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// Resize changes the terminal's size, as when a person pulls at the window: lines that are longer than it is wide are
// wrapped, those at the top that have no room go into the past, and the program gets its signal.
func (x *Terminal) Resize(rows, cols int) {
	x.t.Helper()
	x.mu.Lock()
	x.size = pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}
	x.resize()
	err := pty.Setsize(x.Side, &x.size)
	x.mu.Unlock()
	if err != nil {
		x.t.Fatal(err)
	}
}

// resize gives the emulator its size.
func (x *Terminal) resize() {
	old, rows, cols := x.shown, int(x.size.Rows), int(x.size.Cols)
	switch {
	case old.Width() == cols && old.Height() == rows:
	case old.IsAltScreen():
		old.Resize(cols, rows)
	default:
		x.shown = x.emulator()
		rewrite(old, x.shown)
		closeAnswers(old)
	}
}

// closeAnswers ends an emulator's answers.
func closeAnswers(e *vt.Emulator) { _ = e.InputPipe().(io.Closer).Close() }

// rewrite writes everything that one emulator has to another of another size: its own Resize cuts what has no room.
func rewrite(old, now *vt.Emulator) {
	lines := slices.Clone(old.Scrollback().Lines())
	at := old.CursorPosition()
	at.Y += len(lines)
	lines = append(lines, cells(old)...)
	for len(lines) > at.Y+1 && length(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	up := -at.X / now.Width() // from the last row that is written to the cursor's
	for i, line := range lines {
		if i > 0 {
			_, _ = io.WriteString(now, "\r\n")
		}
		_, _ = io.WriteString(now, line[:length(line)].Render())
		if i >= at.Y {
			up += max(1, (length(line)+now.Width()-1)/now.Width())
		}
	}
	move := "\r"
	if up > 1 {
		move += fmt.Sprintf("\x1b[%dA", up-1)
	}
	if right := at.X % now.Width(); right > 0 {
		move += fmt.Sprintf("\x1b[%dC", right)
	}
	_, _ = io.WriteString(now, move)
}

// cells are a copy of what is on the screen.
func cells(shown *vt.Emulator) (lines []uv.Line) {
	for y := range shown.Height() {
		line := make(uv.Line, shown.Width())
		for i := range line {
			if c := shown.CellAt(i, y); c != nil {
				line[i] = *c
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// length is how many columns of a line are not empty.
func length(line uv.Line) int {
	for i := len(line); i > 0; i-- {
		if c := line[i-1]; strings.TrimSpace(c.Content) != "" || c.Style.Bg != nil {
			return i
		}
	}
	return 0
}
