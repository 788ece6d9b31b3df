package console

import (
	"bytes"
	"testing"
)

// TestUnfinishedLines: what a reader of the bytes sees, step by step.
func TestUnfinishedLines(t *testing.T) {
	const hide, show = "\x1b[?7l", "\x1b[?7h"
	t.Setenv("TERM", "xterm")
	for _, c := range []struct {
		name     string
		terminal bool
		do       func(a, b *Stream, c *Console)
		want     string
	}{
		{"a prompt and its answer", false, func(a, _ *Stream, _ *Console) {
			a.Unfinished([]byte("name: "))
			a.Lines([]byte("name: me\n"), false)
		}, "a | name: me\n"},
		{"dots", false, func(a, _ *Stream, _ *Console) {
			a.Unfinished([]byte("."))
			a.Unfinished([]byte(".."))
			a.Lines([]byte("... ok\nnext\n"), false)
		}, "a | ... ok\na | next\n"},
		{"somebody else comes", false, func(a, b *Stream, _ *Console) {
			a.Unfinished([]byte("name: "))
			b.Lines([]byte("other\n"), false)
			a.Lines([]byte("name: me\n"), false)
		}, "a | name: …\nb | other\na | name: me\n"},
		{"a bar that is redrawn", false, func(a, _ *Stream, _ *Console) {
			a.Unfinished([]byte("10%"))
			a.Unfinished([]byte("20%"))
			a.Lines([]byte("100%\n"), false)
		}, "a | 10%…\na | 100%\n"},
		{"two of them", false, func(a, b *Stream, _ *Console) {
			a.Unfinished([]byte("x"))
			b.Unfinished([]byte("y"))
			a.Lines([]byte("xx\n"), false)
		}, "a | x…\nb | y…\na | xx\n"},
		{"the end", false, func(a, _ *Stream, _ *Console) { a.Unfinished([]byte("name: ")) }, "a | name: …\n"},

		{"a prompt on a terminal", true, func(a, b *Stream, c *Console) {
			a.Unfinished([]byte("name: "))
			b.Lines([]byte("other\n"), false)
			a.Lines([]byte("name: me\n"), false)
		}, hide + "a | name: " + show +
			takeBack + "b | other\n" + hide + "a | name: " + show +
			takeBack + "a | name: me\n"},
		{"two of them on a terminal", true, func(a, b *Stream, _ *Console) {
			a.Unfinished([]byte("x"))
			b.Unfinished([]byte("y"))
			b.Lines([]byte("yy\n"), false)
			a.Lines([]byte("xx\n"), false)
		}, hide + "a | x" + show + takeBack + hide + "b | y" + show +
			takeBack + "b | yy\n" + hide + "a | x" + show +
			takeBack + "a | xx\n"},
		{"the end on a terminal", true, func(a, _ *Stream, _ *Console) { a.Unfinished([]byte("name: ")) }, hide + "a | name: " + show + "\n"},
	} {
		for _, buffer := range []int{0, DefaultBuffer} {
			var out bytes.Buffer
			con := New(Options{Out: &out, Terminal: c.terminal, Buffer: buffer})
			c.do(con.Stream("a"), con.Stream("b"), con)
			if err := con.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want {
				t.Errorf("%s, with a buffer of %d:\n got %q\nwant %q", c.name, buffer, out.String(), c.want)
			}
		}
	}
}
