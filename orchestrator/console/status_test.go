package console

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// screenModel is a terminal, as far as a console draws on one: rows without a
// bottom, whose last ones are the screen. It counts writes.
type screenModel struct {
	mu      sync.Mutex
	rows    []string
	y, x    int
	noWrap  bool
	width   int
	writes  int
	bytes   int
	strange string
}

func (s *screenModel) columns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.width
}

// resize is what a terminal does that breaks rows anew; the cursor stays with its
// text. Only a row longer than the terminal matters here.
func (s *screenModel) resize(width int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.width = width
	for y := s.y; y < len(s.rows); y++ {
		if row := []rune(s.rows[y]); len(row) > width {
			s.rows[y] = string(row[:width])
			s.rows = slices.Insert(s.rows, y+1, string(row[width:]))
		}
	}
}

func (s *screenModel) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.bytes += len(p)
	for i := 0; i < len(p); {
		n := 1
		switch {
		case p[i] == '\n':
			s.y, s.x = s.y+1, 0
		case p[i] == '\r':
			s.x = 0
		case p[i] == 0x1b && p[i+1] == ']':
			n = bytes.Index(p[i:], []byte(linkEnd)) + len(linkEnd)
		case p[i] == 0x1b:
			n = 2 + bytes.IndexFunc(p[i+2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e }) + 1
			s.code(string(p[i+2 : i+n]))
		default:
			var r rune
			r, n = utf8.DecodeRune(p[i:])
			s.put(r)
		}
		i += n
	}
	return len(p), nil
}

func (s *screenModel) code(code string) {
	s.row()
	switch code {
	case "K":
		s.rows[s.y] = string([]rune(s.rows[s.y])[:min(s.x, utf8.RuneCountInString(s.rows[s.y]))])
	case "C":
		s.x++
	case "J":
		s.rows = s.rows[:s.y+1]
	case "A":
		s.y--
	case "?7l", "?7h":
		s.noWrap = code == "?7l"
	default:
		if code[0] != '?' && !strings.HasSuffix(code, "m") && !strings.HasSuffix(code, "t") {
			s.strange = code
		}
	}
}

func (s *screenModel) row() {
	for len(s.rows) <= s.y {
		s.rows = append(s.rows, "")
	}
}

func (s *screenModel) put(r rune) {
	s.row()
	row := []rune(s.rows[s.y])
	for len(row) <= s.x {
		row = append(row, ' ')
	}
	row[s.x] = r
	s.rows[s.y] = string(row)
	if s.x++; s.noWrap && s.x >= s.width {
		s.x = s.width - 1
	}
}

// text is what the terminal shows, with its scrollback.
func (s *screenModel) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, row := range s.rows {
		lines = append(lines, strings.TrimRight(row, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func (s *screenModel) counts() (writes, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.bytes
}

func newStatusConsole(width int) (*screenModel, *Console) {
	s := &screenModel{width: width}
	return s, New(Options{Out: s, Terminal: true, Buffer: DefaultBuffer, Columns: s.columns, Names: []string{"a", "b"}})
}

func fixedStatus(text string) Draw {
	return func(time.Time, int) (Line, time.Duration) { return Line{{Text: text}}, 0 }
}

// TestStatusLine: it is below all lines, in place of the one before, and gone at
// the end.
func TestStatusLine(t *testing.T) {
	t.Setenv("TERM", "xterm")
	synctest.Test(t, func(t *testing.T) {
		s, c := newStatusConsole(20)
		shows := func(want string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := s.text(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		}
		a := c.Stream("a")
		c.Status(fixedStatus("all is well"))
		a.Lines([]byte("one\n"), false)
		shows("a | one")
		c.Show()
		shows("a | one\n\nall is well")
		a.Lines([]byte("two\n"), false)
		c.Write("b", Line{{Text: "✓ ", Tone: Good}, {Text: "a line that does not fit"}})
		shows("a | one\na | two\nb ✓ a line that does\n  not fit\n\nall is well")
		a.Unfinished([]byte("name? "))
		shows("a | one\na | two\nb ✓ a line that does\n  not fit\na | name?\nall is well")
		c.Status(fixedStatus("one that is wider than the terminal"))
		shows("a | one\na | two\nb ✓ a line that does\n  not fit\na | name?\none that is wider …")
		c.Hide()
		a.Lines([]byte("name? me\n"), false)
		shows("a | one\na | two\nb ✓ a line that does\n  not fit\na | name? me")
		c.Show()
		c.Title("x")
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		shows("a | one\na | two\nb ✓ a line that does\n  not fit\na | name? me")
		if s.x != 0 || s.noWrap || s.strange != "" {
			t.Errorf("the cursor is in column %d; no wrapping: %v; a strange code: %q", s.x, s.noWrap, s.strange)
		}
	})
}

// TestStatusLineLeavesNoTrace: whatever happens meanwhile, every line is there once,
// in order, and nothing else.
func TestStatusLineLeavesNoTrace(t *testing.T) {
	t.Setenv("TERM", "xterm")
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		s, c := newStatusConsole(100)
		c.Show()
		a, b := c.Stream("a"), c.Stream("b")
		var want []string
		for i := range 2000 {
			switch random.IntN(8) {
			case 0:
				c.Status(fixedStatus(fmt.Sprintf("status %d %s", i, strings.Repeat("x", random.IntN(150)))))
			case 1:
				synctest.Wait()
				s.resize(40 + random.IntN(80))
				c.Resized()
			case 2:
				a.Unfinished([]byte("unfinished"))
			case 3:
				c.Hide()
				c.Show()
			case 4:
				time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
			default:
				line := fmt.Sprintf("line %d", i)
				if random.IntN(2) == 0 {
					a.Lines([]byte(line+"\n"), false)
					want = append(want, "a | "+line)
				} else {
					b.Lines([]byte(line+"\n"), false)
					want = append(want, "b | "+line)
				}
			}
		}
		a.Lines([]byte("end\n"), false)
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.text(); got != strings.Join(append(want, "a | end"), "\n") {
			t.Errorf("got\n%s", got)
		}
	})
}

// TestStatusLineIsQuiet: nothing is written while nothing happens, once a second
// while something runs, and at most ten times a second in a flood.
func TestStatusLineIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newStatusConsole(80)
		during := func(what string, d time.Duration, most int, do func()) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			before, _ := s.counts()
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Millisecond) {
				do()
			}
			synctest.Wait()
			if after, _ := s.counts(); after-before > most || most > 0 && after-before < most/2 {
				t.Errorf("%s: %d writes, and %d are all right", what, after-before, most)
			}
		}
		a := c.Stream("a")
		c.Show()
		c.Status(fixedStatus("● live"))
		during("idle", time.Minute, 0, func() {})
		during("the same again", time.Minute, 0, func() { c.Status(fixedStatus("● live")) })
		began := time.Now()
		c.Status(func(now time.Time, _ int) (Line, time.Duration) {
			return Line{{Text: now.Sub(began).Truncate(time.Second).String()}}, time.Second - now.Sub(began)%time.Second
		})
		during("running", time.Minute, 60, func() {})
		during("a flood", 10*time.Second, 100, func() { a.Lines([]byte("x\n"), false) })
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLines: what devloop's own lines are folded and cut to.
func TestLines(t *testing.T) {
	plain := func(rows []Line) string {
		var b strings.Builder
		for _, row := range rows {
			b.Write(append(row.format(nil, false), '|'))
		}
		return b.String()
	}
	for _, c := range []struct {
		line  Line
		width int
		want  string
	}{
		{Line{{Text: "short"}}, 20, "short|"},
		{Line{{Text: "a line that is "}, {Text: "as wide as twenty cells"}}, 20, "a line that is as|wide as twenty cells|"},
		{Line{{Text: strings.Repeat("x", 45)}}, 20, strings.Repeat("x", 20) + "|" + strings.Repeat("x", 20) + "|xxxxx|"},
		{Line{{Text: "日本語日本語日本語日本語"}}, 17, "日本語日本語日本|語日本語|"},
		{Line{{Text: "left as it is, too narrow"}}, 10, "left as it is, too narrow|"},
	} {
		if got := plain(c.line.wrap(c.width)); got != c.want {
			t.Errorf("%v in %d cells: %s, not %s", c.line, c.width, got, c.want)
		}
	}
	if got := plain([]Line{Line{{Text: "日本語"}, {Text: "日本語"}}.cut(8)}); got != "日本語…|" {
		t.Error(got)
	}
	if got := string(Line{{Text: "x\x1b[H\ny", Tone: Bad, Link: "file:///x"}}.format(nil, true)); got != "\x1b]8;;file:///x\x1b\\\x1b[31mx y\x1b[0m\x1b]8;;\x1b\\" {
		t.Errorf("%q", got)
	}
}

// TestNarrowNames: names are cut where the terminal is narrow, and not where it is
// wide again.
func TestNarrowNames(t *testing.T) {
	s := &screenModel{width: 40}
	c := New(Options{Out: s, Terminal: true, Buffer: DefaultBuffer, Columns: s.columns, Names: []string{"a-long-name", "b"}})
	a := c.Stream("a-long-name")
	a.Lines([]byte("x\n"), false)
	c.Say("b", Plain, "y")
	c.Write("b", Line{{Text: "head"}}, Line{{Text: strings.Repeat("details ", 12)}})
	s.resize(80)
	c.Resized()
	a.Lines([]byte("x\n"), false)
	c.Say("b", Plain, "y")
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := s.text(), "a-long-… | x\nb        y\nb        head\n         details details details details\n         details details details details…\na-long-name | x\nb            y"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
