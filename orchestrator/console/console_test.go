package console

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLinesCarryTheirName(t *testing.T) {
	var out, log bytes.Buffer
	c := New(Options{Out: &out, Log: &log, Names: []string{"check", "devloop"}})
	c.Stream("check").Lines([]byte("one\ntwo\n"), false)
	c.Say("devloop", Warn, "three")
	want := "check   | one\ncheck   | two\ndevloop | three\n"
	if out.String() != want {
		t.Errorf("out:\n%s\nwant:\n%s", out.String(), want)
	}
	if log.String() != want {
		t.Errorf("log:\n%s\nwant:\n%s", log.String(), want)
	}
}

func TestColourLeavesTheLogPlain(t *testing.T) {
	var out, log bytes.Buffer
	c := New(Options{Out: &out, Log: &log, Color: true, Names: []string{"a"}})
	c.Say("a", Bad, "broken")
	if want := "\x1b[36ma | \x1b[0m\x1b[31mbroken\x1b[0m\n"; out.String() != want {
		t.Errorf("out: %q, want %q", out.String(), want)
	}
	if want := "a | broken\n"; log.String() != want {
		t.Errorf("log: %q, want %q", log.String(), want)
	}
}

func TestTimestamps(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	c := New(Options{Out: &out, Timestamps: true, Names: []string{"a"}, Now: func() time.Time { return now }})
	c.Stream("a").Lines([]byte("x\n"), false)
	if want := "03:04:05.006 a | x\n"; out.String() != want {
		t.Errorf("out: %q, want %q", out.String(), want)
	}
}

// countingWriter keeps each write apart.
type countingWriter struct{ writes []string }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes = append(w.writes, string(p))
	return len(p), nil
}

func TestEveryWriteHoldsWholeLines(t *testing.T) {
	w := &countingWriter{}
	c := New(Options{Out: w, Names: []string{"a", "b"}})
	var group sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		group.Go(func() {
			for i := range 200 {
				c.Stream(name).Lines(fmt.Appendf(nil, "%s %d first\n%s %d second\n", name, i, name, i), false)
			}
		})
	}
	group.Wait()
	if len(w.writes) != 400 {
		t.Fatalf("%d writes, want 400", len(w.writes))
	}
	for _, text := range w.writes {
		lines := strings.Split(text, "\n")
		if len(lines) != 3 || lines[2] != "" || !strings.Contains(lines[0], " first") || !strings.Contains(lines[1], " second") {
			t.Fatalf("a write holds %q", text)
		}
		if lines[0][:1] != lines[1][:1] {
			t.Fatalf("a write mixes two names: %q", text)
		}
	}
}

// brokenWriter is a stream that nobody reads any more.
type brokenWriter struct{ calls int }

var errBroken = errors.New("broken pipe")

func (w *brokenWriter) Write([]byte) (int, error) { w.calls++; return 0, errBroken }

func TestABrokenStreamIsTriedOnce(t *testing.T) {
	w := &brokenWriter{}
	var log bytes.Buffer
	c := New(Options{Out: w, Log: &log})
	c.Say("a", Plain, "one")
	c.Say("a", Plain, "two")
	if !errors.Is(c.Err(), errBroken) || w.calls != 1 {
		t.Errorf("err %v after %d calls, want %v after 1", c.Err(), w.calls, errBroken)
	}
	if want := "a | one\na | two\n"; log.String() != want {
		t.Errorf("the log has %q, want %q", log.String(), want)
	}
}

func TestSpoolKeepsEverything(t *testing.T) {
	for _, lines := range []int{0, 1, 100, 60_000} {
		var s Spool
		var want bytes.Buffer
		for i := range lines {
			line := fmt.Sprintf("line %d %s\n", i, strings.Repeat("x", i%90))
			want.WriteString(line)
			s.Write([]byte(line))
		}
		if s.Size() != int64(want.Len()) {
			t.Errorf("%d lines: size %d, want %d", lines, s.Size(), want.Len())
		}
		var got bytes.Buffer
		err := s.replay(func(block []byte) {
			if block[len(block)-1] != '\n' {
				t.Errorf("%d lines: a block ends within a line: %q", lines, block[max(0, len(block)-40):])
			}
			got.Write(block)
		})
		if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%d lines: replayed %d bytes of %d, err %v", lines, got.Len(), want.Len(), err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%d lines: close: %v", lines, err)
		}
	}
}

func TestSpoolReplaysALineLongerThanItsBuffer(t *testing.T) {
	var s Spool
	defer s.Close()
	long := strings.Repeat("y", 300<<10) + "\n"
	s.Write([]byte("short\n"))
	s.Write([]byte(long))
	s.Write([]byte("end\n"))
	var got bytes.Buffer
	if err := s.replay(func(b []byte) { got.Write(b) }); err != nil {
		t.Fatal(err)
	}
	if got.String() != "short\n"+long+"end\n" {
		t.Errorf("replayed %d bytes, want %d", got.Len(), len(long)+10)
	}
}

func BenchmarkLines(b *testing.B) {
	c := New(Options{Out: discard{}, Names: []string{"server"}})
	block := bytes.Repeat([]byte("a line of about sixty characters, as most servers write them\n"), 500)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		c.Stream("server").Lines(block, false)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
