package output

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

type bench struct{ *harness.Bench }

// result is what one measurement found.
type result struct {
	took  time.Duration // from the first line of the flood to the last
	peak  float64       // MiB that devloop had resident at most; 0 where the system does not tell
	wrong int
}

// long measures a flood of mb megabytes. With a tally it counts and hashes each
// line, else it reads as fast as it can.
func (b *bench) long(through bool, size, mb int, t *tally) (result, error) {
	child := []string{b.Self, "__write", "long", strconv.Itoa(mb)}
	read := toLast
	if t != nil {
		read = func(r io.Reader) (time.Duration, int, error) {
			return eachLine(r, 1, func(_ string, line []byte) { t.add(line) })
		}
	}
	if !through {
		return b.measure(exec.Command(child[0], child[1:]...), size, read)
	}
	return b.loop([]string{"flood"}, child, size, read)
}

// short measures n lines of each of four children, and their order.
func (b *bench) short(n int) (result, error) {
	next := map[string]int{}
	wrong := 0
	read := func(r io.Reader) (time.Duration, int, error) {
		took, _, err := eachLine(r, 4, func(name string, line []byte) {
			if v, err := strconv.Atoi(string(bytes.TrimSuffix(line, []byte{'\n'}))); err != nil || v != next[name] {
				wrong++
			}
			next[name]++
		})
		for _, got := range next {
			wrong += n - got
		}
		return took, wrong + (4-len(next))*n, err
	}
	return b.loop([]string{"a", "b", "c", "d"}, []string{b.Self, "__write", "short", strconv.Itoa(n)}, 0, read)
}

// loop measures devloop with children that all run the same command.
func (b *bench) loop(names, child []string, size int, read func(io.Reader) (time.Duration, int, error)) (result, error) {
	if err := b.configure(names, child); err != nil {
		return result{}, err
	}
	cmd := exec.Command(b.Devloop)
	cmd.Dir = b.Dir
	cmd.Env = append(os.Environ(), "DEVLOOP_RUNTIME_DIR="+b.Dir)
	return b.measure(cmd, size, read)
}

// configure writes the devloop.yaml.
func (b *bench) configure(names, child []string) error {
	var text strings.Builder
	text.WriteString("version: 1\nprocesses:\n")
	for _, name := range names {
		fmt.Fprintf(&text, "  %s:\n    run: [%q, %q, %q, %q]\n", name, child[0], child[1], child[2], child[3])
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "devloop.yaml"), []byte(text.String()), 0o666); err != nil {
		return fmt.Errorf("write devloop.yaml: %w", err)
	}
	return nil
}

// measure starts cmd with a pipe of size bytes (0: what the system gives), and
// stops it when the flood has been read.
func (b *bench) measure(cmd *exec.Cmd, size int, read func(io.Reader) (time.Duration, int, error)) (res result, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return res, fmt.Errorf("make pipe: %w", err)
	}
	defer r.Close()
	if size > 0 {
		err = widen(w, size)
	}
	if err != nil {
		w.Close()
		return res, fmt.Errorf("widen pipe: %w", err)
	}
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	err = cmd.Start()
	w.Close() // the child has its own
	if err != nil {
		return res, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	guard := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer guard.Stop()
	res.took, res.wrong, err = read(r)
	res.peak = peak(cmd.Process.Pid)
	_ = cmd.Process.Signal(os.Interrupt) // it may have ended
	_, _ = io.Copy(io.Discard, r)        // its last words, until nobody holds the pipe
	_ = cmd.Wait()                       // it was interrupted
	return res, err
}

var errShort = errors.New("the output ended before its last line")

// toLast reads as fast as it can until the last line of the flood has come.
func toLast(r io.Reader) (time.Duration, int, error) {
	buf := make([]byte, len(last)+256<<10)
	kept := 0
	var began time.Time
	for {
		n, err := r.Read(buf[kept:])
		if began.IsZero() && n > 1000 { // not the few lines that devloop says first
			began = time.Now()
		}
		have := buf[:kept+n]
		if bytes.Contains(have, []byte(last)) {
			return time.Since(began), 0, nil
		}
		if err != nil {
			return 0, 0, errShort
		}
		kept = copy(buf, have[max(0, len(have)-len(last)):])
	}
}

// eachLine hands on the name and the text of every line that a child wrote,
// until the last ones of all children have come.
func eachLine(r io.Reader, children int, each func(name string, line []byte)) (time.Duration, int, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	var began time.Time
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, 0, errShort
		}
		label, text, named := bytes.Cut(line, []byte(" | "))
		switch {
		case !named || len(text) == 0:
		case bytes.HasPrefix(text, []byte(last)):
			if children--; children == 0 {
				return time.Since(began), 0, nil
			}
		case text[0] >= '0' && text[0] <= '9': // else devloop says it
			if began.IsZero() {
				began = time.Now()
			}
			each(string(bytes.TrimSpace(label)), text)
		}
	}
}

// peak is the most that a process had resident, from /proc/PID/status
// (VmHWM in proc(5)), in MiB.
func peak(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // no such file elsewhere
	_, after, found := bytes.Cut(text, []byte("VmHWM:"))
	var kib float64
	if found {
		_, _ = fmt.Sscanf(string(after), "%f", &kib)
	}
	return kib / 1024
}
