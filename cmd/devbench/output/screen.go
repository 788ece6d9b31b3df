package output

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/creack/pty"

	"devloop/cmd/devbench/harness"
)

// screen is a program on a terminal of its own, of 80 columns.
type screen struct {
	cmd    *exec.Cmd
	tty    *os.File
	drawn  map[int]int // frames, by the second
	rest   []byte      // of what was written last, where a frame may begin
	failed error
}

func (b *bench) onScreen(args ...string) *screen {
	s := &screen{cmd: exec.Command(b.Devloop, args...), drawn: map[int]int{}}
	s.cmd.Dir = b.Dir
	s.cmd.Env = append(os.Environ(), "DEVLOOP_RUNTIME_DIR="+b.Dir, "TERM=xterm-256color", "NO_COLOR=1", "CI=")
	if s.tty, s.failed = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 80}); s.failed != nil {
		s.failed = fmt.Errorf("start %s on a terminal: %w", b.Devloop, s.failed)
	}
	return s
}

// Read reads what the program has written, and counts the frames.
func (s *screen) Read(p []byte) (int, error) {
	frame := []byte("\x1b[?2026h")
	n, err := s.tty.Read(p)
	s.rest = append(s.rest, p[:n]...)
	s.drawn[int(time.Now().Unix())] += bytes.Count(s.rest, frame)
	s.rest = append(s.rest[:0], s.rest[max(0, len(s.rest)-len(frame)+1):]...)
	return n, err
}

// most is how many frames it has drawn in one second, at most.
func (s *screen) most() (frames int) {
	for _, n := range s.drawn {
		frames = max(frames, n)
	}
	return frames
}

// end ends the program.
func (s *screen) end(sig os.Signal) {
	_ = s.cmd.Process.Signal(sig) // it may have ended
	_, _ = io.Copy(io.Discard, s) // its last words; the end of a terminal is an error
	_ = s.cmd.Wait()              // it was told to end
	_ = s.tty.Close()             // nothing is lost
}

var (
	escape = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r|\n`)
	said   = regexp.MustCompile(`([abcd]) +\| (\d+|` + last + `)$`) // perhaps behind a status line
)

// screenTable has four children write so many lines a second together, on a terminal, and in a view on another one.
func (b *bench) screenTable(seconds int) error {
	const rate = 10_000 // as pacedLines writes them
	fmt.Fprintf(b.Stdout, "%d lines a second of four children, for %d s, on a terminal and in `devloop view` on another one:\n\n", rate, seconds)
	if err := b.configure([]string{"a", "b", "c", "d"}, []string{b.Self, "__write", "paced", strconv.Itoa(rate / 4 * seconds)}); err != nil {
		return err
	}
	loop := b.onScreen()
	if loop.failed != nil {
		return loop.failed
	}
	guard := time.AfterFunc(patience, func() { _ = loop.cmd.Process.Kill() }) // it may have ended
	defer guard.Stop()
	in := bufio.NewReaderSize(loop, 256<<10)
	if _, err := in.ReadSlice('\n'); err != nil { // it says that a process has started
		return errShort
	}
	view := b.onScreen("view")
	if view.failed != nil {
		loop.end(os.Interrupt)
		return view.failed
	}
	viewed := make(chan struct{})
	go func() {
		defer close(viewed)
		_, _ = io.Copy(io.Discard, view) // the end of a terminal is an error
	}()
	next, left, wrong := map[string]int{}, 4, 0
	for left > 0 {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return errShort
		}
		m := said.FindSubmatch(escape.ReplaceAll(line, nil))
		if m == nil {
			continue
		}
		name := string(m[1])
		switch n, err := strconv.Atoi(string(m[2])); {
		case err != nil: // the last line
			left--
			wrong += rate/4*seconds - next[name]
		default:
			if n != next[name] {
				wrong++
			}
			next[name] = n + 1
		}
	}
	mib := peak(view.cmd.Process.Pid)
	_ = view.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-viewed
	var t harness.Table
	t.Row("", "frames in a second, at most", "peak memory, MiB", "lines missing or out of order")
	t.Row("devloop", strconv.Itoa(loop.most()), whole(peak(loop.cmd.Process.Pid)), strconv.Itoa(wrong))
	t.Row("`devloop view`", strconv.Itoa(view.most()), whole(mib), "")
	view.end(syscall.SIGTERM)
	loop.end(os.Interrupt)
	err := t.Write(b.Stdout)
	if wrong > 0 {
		err = errors.Join(err, errChanged)
	}
	return err
}

// pacedLines writes n numbers, one a line, 2500 a second.
func pacedLines(w io.Writer, n int) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began, written := time.Now().Add(2*time.Second), 0 // a view has to start
	for range tick.C {
		var chunk []byte
		for ; written < n && written < int(2500*time.Since(began).Seconds()); written++ {
			chunk = append(strconv.AppendInt(chunk, int64(written), 10), '\n')
		}
		if _, err := w.Write(chunk); err != nil {
			return fmt.Errorf("write lines: %w", err)
		}
		if written == n {
			break
		}
	}
	_, err := io.WriteString(w, last+"\n")
	return err
}
