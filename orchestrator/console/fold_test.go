package console

import (
	"bytes"
	"strings"
	"testing"
)

// TestStartsThatSayTheSame: the terminal shows what a command writes after a start only from where it differs from what it
// wrote after the start before; the log has all of it.
func TestStartsThatSayTheSame(t *testing.T) {
	const trace = "10:00:01 [71] starting\nTraceback\n  at 0xc0ffee\n"
	for _, c := range []struct {
		name   string
		second func(c *Console, s *Stream)
		want   string // that is shown of the second start
	}{
		{"the same", func(_ *Console, s *Stream) {
			s.Lines([]byte("10:00:02 [85] starting\nTraceback\n  at 0xdead01\n"), false)
		}, ""},
		{"its beginning", func(_ *Console, s *Stream) { s.Lines([]byte("10:00:02 [85] starting\n"), false) }, ""},
		{"more", func(_ *Console, s *Stream) {
			s.Lines([]byte(trace), false)
			s.Lines([]byte("and more\n"), false)
		}, trace + "and more\n"},
		{"something else", func(_ *Console, s *Stream) {
			s.Lines([]byte("10:00:01 [71] starting\n"), false)
			s.Lines([]byte("it works\nTraceback\n"), false)
		}, "10:00:01 [71] starting\nit works\nTraceback\n"},
		{"it goes on", func(c *Console, s *Stream) {
			s.Lines([]byte("10:00:01 [71] starting\n"), false)
			c.Runs("a")
			s.Lines([]byte("Traceback\n"), false)
		}, "10:00:01 [71] starting\nTraceback\n"},
		{"a line that has not ended", func(_ *Console, s *Stream) {
			s.Lines([]byte("10:00:01 [71] starting\n"), false)
			s.Unfinished([]byte("Trace"))
			s.Lines([]byte("Traceback\n"), false)
		}, "10:00:01 [71] starting\nTraceback\n"},
		{"other numbers of lines", func(_ *Console, s *Stream) { s.Lines([]byte(strings.Repeat(trace, 100)), false) }, strings.Repeat(trace, 100)},
		{"after a save", func(c *Console, s *Stream) {
			c.Starts("a", false)
			s.Lines([]byte(trace), false)
		}, trace},
	} {
		var out, log bytes.Buffer
		cons := New(Options{Out: &out, Log: &log, Names: []string{"a"}})
		cons.Starts("a", false)
		cons.Stream("a").Lines([]byte(trace), false)
		shown, logged := out.Len(), log.Len()
		cons.Starts("a", true)
		c.second(cons, cons.Stream("a"))
		if got := strings.ReplaceAll(out.String()[shown:], "a | ", ""); got != c.want {
			t.Errorf("%s: the terminal has %q, want %q", c.name, got, c.want)
		}
		if log.Len() == logged {
			t.Errorf("%s: the log has nothing", c.name)
		}
	}
}
