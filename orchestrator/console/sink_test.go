package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader is a stream whose reader takes what it is given only when it may.
type reader struct {
	may chan struct{} // nil: always; closed: always from now on

	mu   sync.Mutex
	text bytes.Buffer
}

func (r *reader) Write(p []byte) (int, error) {
	if r.may != nil {
		<-r.may
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) > 0 && p[len(p)-1] != '\n' {
		return 0, fmt.Errorf("a write ends within a line: %.80q", p)
	}
	return r.text.Write(p)
}

func (r *reader) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Split(strings.TrimSuffix(r.text.String(), "\n"), "\n")
}

// A reader who takes a little now and then gets everything.
func TestASlowReaderMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{may: make(chan struct{})}
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-time.After(900 * time.Millisecond):
				case <-stop:
					return
				}
				select {
				case r.may <- struct{}{}:
				case <-stop:
					return
				}
			}
		}()
		c := New(Options{Out: r, Buffer: 16 << 10})
		const lines = 5000
		s := c.Stream("a")
		for i := range lines {
			s.Lines(fmt.Appendf(nil, "line %d, of many\n", i), false)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(stop)
		got := r.lines()
		for i := range lines {
			if want := fmt.Sprintf("a | line %d, of many", i); got[i] != want {
				t.Fatalf("line %d is %q", i, got[i])
			}
		}
		if len(got) != lines {
			t.Errorf("%d lines too many", len(got)-lines)
		}
	})
}

var told = regexp.MustCompile(`^(\w) +\| \(devloop: ([\d,]+) lines? dropped, the terminal was too slow\)$`)

// While nobody reads commands go on, memory stays, and what devloop says waits
// for nobody; when somebody does, every line is there or counted.
func TestAStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const buffer = 64 << 10
		var log reader
		r := &reader{may: make(chan struct{})}
		c := New(Options{Out: r, Log: &log, Buffer: buffer, Terminal: true, Color: false})
		const lines = 20_000
		var commands sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			commands.Go(func() {
				s := c.Stream(name)
				for i := range lines {
					s.Lines(fmt.Appendf(nil, "line %d\n", i), false)
				}
			})
		}
		commands.Wait() // they would wait for ever
		began := time.Now()
		c.Say("devloop", Bad, "said")
		c.Blank()
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v to say something", took)
		}
		c.out.mu.Lock()
		held := 0
		for _, chunk := range append(c.out.queue, c.out.free...) {
			held += cap(chunk.text)
		}
		c.out.mu.Unlock()
		if held > buffer+saying+2*chunkSize {
			t.Errorf("%d bytes are held", held)
		}
		if err := c.flush(t.Context()); !errors.Is(err, errStalled) {
			t.Errorf("flush: %v", err)
		}
		close(r.may)
		if err := c.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Stream("a").Lines([]byte("afterwards\n"), false)
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		shown, lost := map[string]int{}, map[string]int{}
		for _, line := range r.lines() {
			name, text, _ := strings.Cut(line, " | ")
			if m := told.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
				lost[m[1]] += n
			} else if n, ok := strings.CutPrefix(text, "line "); ok {
				if i, _ := strconv.Atoi(n); i != shown[name] {
					t.Fatalf("line %q came after %d", line, shown[name])
				}
				shown[name]++
			}
		}
		for _, name := range []string{"a", "b"} {
			if shown[name]+lost[name] != lines || lost[name] == 0 {
				t.Errorf("%s: %d shown and %d told as lost, of %d", name, shown[name], lost[name], lines)
			}
		}
		if got := r.lines(); !slices.Contains(got, "devloop | said") || got[len(got)-1] != "a | afterwards" {
			t.Errorf("the end is %q", got[len(got)-4:])
		}
		if got := len(log.lines()); got != 2*lines+2 {
			t.Errorf("the log has %d lines of %d", got, 2*lines+2)
		}
	})
}

func TestCloseOfAStalledConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{may: make(chan struct{})}
		c := New(Options{Out: r, Buffer: 1 << 10})
		c.Say("a", Plain, "one")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		began := time.Now()
		if err := c.Close(t.Context()); !errors.Is(err, errStalled) || time.Since(began) > 3*Patience {
			t.Errorf("close again: %v after %v", err, time.Since(began))
		}
		c.Say("a", Plain, "too late")
		close(r.may)
		if err := c.flush(t.Context()); err != nil {
			t.Error(err)
		}
		if got := r.lines(); !slices.Equal(got, []string{"a | one"}) {
			t.Errorf("it shows %q", got)
		}
	})
}

func TestABrokenStreamWithABuffer(t *testing.T) {
	var log reader
	c := New(Options{Out: &brokenWriter{}, Log: &log, Buffer: 1 << 10})
	for range 1000 {
		c.Stream("a").Lines([]byte("twenty bytes of text\n"), false)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Err(); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	if got := len(log.lines()); got != 1000 {
		t.Errorf("the log has %d lines", got)
	}
}

// Four commands at once: each in order, each write whole lines, nothing lost.
func TestManyStreamsKeepTheirOrder(t *testing.T) {
	var r, log reader
	c := New(Options{Out: &r, Log: &log, Color: true, Names: []string{"a", "b", "c", "d"}, Buffer: 32 << 10})
	const lines = 20_000
	var commands sync.WaitGroup
	for _, name := range c.opt.Names {
		commands.Go(func() {
			s := c.Stream(name)
			for i := 0; i < lines; i += 10 {
				var block []byte
				for k := range 10 {
					block = fmt.Appendf(block, "%d\n", i+k)
				}
				s.Lines(block, false)
			}
		})
	}
	commands.Wait()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, got := range [][]string{r.lines(), log.lines()} {
		next := map[string]int{}
		for _, line := range got {
			plain, _, _ := strings.Cut(string(Sanitize(nil, []byte(line), false)), "\n")
			name, n, _ := strings.Cut(plain, " | ")
			if n != strconv.Itoa(next[name]) {
				t.Fatalf("%q after %d", line, next[name])
			}
			next[name]++
		}
		if len(got) != 4*lines || i == 1 && strings.Contains(strings.Join(got, ""), "\x1b") {
			t.Errorf("%d lines", len(got))
		}
	}
}

func TestAPieceOfALineIsMarked(t *testing.T) {
	var r reader
	c := New(Options{Out: &r})
	s := c.Stream("a")
	s.Lines([]byte("before\n"), false)
	s.Lines([]byte("one\n"), true)
	s.Lines([]byte("two\n"), true)
	s.Lines([]byte("three\nafter\n"), false)
	want := []string{"a | before", "a | one…", "a | …two…", "a | …three", "a | after"}
	if got := r.lines(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A long replay stands where it was said, keeps nobody waiting, and its file
// goes when it has been read.
func TestReplayStandsInItsPlace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, buffer := range []int{0, 256 << 10} {
		var r, log reader
		if buffer > 0 {
			r.may = make(chan struct{})
		}
		c := New(Options{Out: &r, Log: &log, Color: true, Buffer: buffer})
		spool := &Spool{}
		const lines = 30_000
		var want []string
		want = append(want, "a | before")
		for i := range lines {
			fmt.Fprintf(spool, "line %d\n", i)
			want = append(want, fmt.Sprintf("a | line %d", i))
		}
		want = append(want, "a | after")
		c.Say("a", Plain, "before")
		c.Replay("a", spool)
		c.Say("a", Plain, "after")
		if r.may != nil {
			close(r.may)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, to := range []*reader{&r, &log} {
			if got := strings.ReplaceAll(strings.Join(to.lines(), "\n"), reset, ""); got != strings.Join(want, "\n") {
				t.Errorf("buffer %d: %d bytes shown", buffer, len(got))
			}
		}
		if spool.file != nil {
			t.Errorf("buffer %d: the file is open", buffer)
		}
		if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
			t.Errorf("buffer %d: left behind: %v", buffer, left)
		}
	}
}

func TestSpoolsOfABrokenStreamAreClosed(t *testing.T) {
	for _, buffer := range []int{0, 4 << 10} {
		c := New(Options{Out: &brokenWriter{}, Buffer: buffer})
		var spools []*Spool
		for range 10 {
			spool := &Spool{}
			spool.Write(bytes.Repeat([]byte("x\n"), spoolMemory))
			c.Replay("a", spool)
			spools = append(spools, spool)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for i, spool := range spools {
			spool.mu.Lock()
			if spool.file != nil {
				t.Errorf("buffer %d: spool %d is open", buffer, i)
			}
			spool.mu.Unlock()
		}
	}
}

func TestSignals(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		c := New(Options{Out: &out, Terminal: terminal})
		c.Clear(2)
		c.Bell()
		want := ""
		if terminal {
			want = "\n\n\x1b[2J\x1b[H\a"
		}
		if out.String() != want {
			t.Errorf("terminal %v: %q", terminal, out.String())
		}
	}
	for _, tc := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "\x1b]9;de;v: failed: x y\a"},
		{map[string]string{"TERM": "foot-extra"}, "\x1b]777;notify;de,v;failed: x y\a"},
		{map[string]string{"TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;de;v: failed: x y\a\x1b\\"},
	} {
		if got := notification("de;v", "failed:\a x\n\x1b]0;y\ay", func(name string) string { return tc.env[name] }); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.env, got, tc.want)
		}
	}
}

func TestColorHint(t *testing.T) {
	for _, tc := range []struct {
		program string
		env     map[string]string
		want    string
	}{
		{"cargo", nil, "CARGO_TERM_COLOR=always"},
		{"/home/me/.cargo/bin/cargo", map[string]string{"NO_COLOR": ""}, "CARGO_TERM_COLOR=always"},
		{"pytest", nil, "PY_COLORS=1"},
		{"mypy", nil, "MYPY_FORCE_COLOR=1"},
		{"cargo", map[string]string{"CARGO_TERM_COLOR": "never"}, "="},
		{"cargo", map[string]string{"NO_COLOR": "1"}, "="},
		{"node", nil, "="},
		{"npm", nil, "="},
		{"", nil, "="},
	} {
		name, value := ColorHint(tc.program, func(name string) (string, bool) { v, ok := tc.env[name]; return v, ok })
		if got := name + "=" + value; got != tc.want {
			t.Errorf("%s with %q: %q, want %q", tc.program, tc.env, got, tc.want)
		}
	}
}
