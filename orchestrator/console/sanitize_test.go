package console

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"devloop/orchestrator/test/testenv"
)

func TestSanitize(t *testing.T) {
	for _, tc := range []struct{ name, in, plain, color string }{
		{"text", "a line\n\ttabs, ünïcödé, 日本, 🚀\n", "=", "="},
		{"an empty line", "\n", "=", "="},
		{"a last line without a newline", "a\nb", "a\nb\n", "a\nb\n"},
		{"a colour", "\x1b[31mred\x1b[0m and not\n", "red and not\n", "\x1b[31mred\x1b[0m and not\n"},
		{"a colour that is left on", "\x1b[1;31mred\nstill\x1b[m not\nplain\n", "red\nstill not\nplain\n",
			"\x1b[1;31mred\x1b[0m\n\x1b[1m\x1b[31mstill\x1b[m not\nplain\n"},
		{"colours switched off one by one", "\x1b[1m\x1b[38;5;208mx\x1b[22m\x1b[39my\nz\n", "xy\nz\n",
			"\x1b[1m\x1b[38;5;208mx\x1b[22m\x1b[39my\nz\n"},
		{"all the colours", "\x1b[38;2;1;2;3;48:2::4:5:6mx\ny\n", "x\ny\n", "\x1b[38;2;1;2;3;48:2::4:5:6mx\x1b[0m\n\x1b[38;2;1;2;3m\x1b[48:2::4:5:6my\x1b[0m\n"},
		{"an unknown attribute ends with its line", "\x1b[53mover\nnext\n", "over\nnext\n", "\x1b[53mover\x1b[0m\nnext\n"},
		{"a progress bar", " 10%\r 50%\r100%\n", "100%\n", "100%\n"},
		{"a carriage return before the end", "100%\r\n", "100%\n", "100%\n"},
		{"redrawn in colour", "\x1b[32m 10%\r 20%\x1b[0m\n", " 20%\n", "\x1b[32m 20%\x1b[0m\n"},
		{"reset after the return", "\x1b[32mdone\r\x1b[0m\n", "done\n", "\x1b[32mdone\r\x1b[0m\n"},
		{"erased", "working\r\x1b[K\n", "\n", "\n"},
		{"as node redraws", "\x1b[2K\x1b[1Gone\x1b[2K\x1b[1Gtwo\n", "two\n", "two\n"},
		{"cursor and screen", "\x1b[2J\x1b[H\x1b[?1049h\x1b[?25la\x1b[3Ab\x1b[10;20Hc\x1b[6n\x1bc\x1b7\x1b(B\n", "abc\n", "abc\n"},
		{"titles and links", "\x1b]0;title\aa\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b\x1bPdcs\x1b\\\n", "alinkb\n", "a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b\n"},
		{"a link without an end", "\x1b]8;id=1;file:///a;b\alink\nb\n", "link\nb\n", "\x1b]8;id=1;file:///a;b\x1b\\link\x1b]8;;\x1b\\\nb\n"},
		{"a link that is erased", "\x1b]8;;u\alink\r\x1b[Kb\n", "b\n", "b\n"},
		{"strange links", "\x1b]8;;a b\ax\x1b]8;u\ay\x1b]8;;\xc3\xa9\az\n", "xyz\n", "xyz\n"},
		{"a title without an end", "a\x1b]0;title\nnext\n", "a\nnext\n", "a\nnext\n"},
		{"cut off", "a\x1b\nb\x1b[\nc\x1b[3\n", "a\nb\nc\n", "a\nb\nc\n"},
		{"private colours", "\x1b[>4;2mx\x1b[?4my\n", "xy\n", "xy\n"},
		{"a code with junk inside", "\x1b[3\x00\x1b[31mx\n", "x\n", "\x1b[31mx\x1b[0m\n"},
		{"controls", "a\x00b\ac\x0bd\x0ce\x7ff\x1f\u0085\u009bg\n", "abcdefg\n", "abcdefg\n"},
		{"not UTF-8", "a\xff\xfe\x80b\xc3(\xe6\x97\n", "a\uFFFDb\uFFFD(\uFFFD\n", "a\uFFFDb\uFFFD(\uFFFD\n"},
		{"backspace", "typoo\b\b\b\bhis é\b!\n", "this !\n", "this !\n"},
		{"too many backspaces", "ab\b\b\b\bc\n", "c\n", "c\n"},
		{"a spinner", "\\\b|\b/\b done\n", " done\n", " done\n"},
		{"backspace over a colour", "ab\x1b[31m\bc\n", "ac\n", "a\x1b[31mc\x1b[0m\n"},
		{"backspaces over many colours", "\x1b[31ma\x1b[32mb\b\b\b\bc\n", "c\n", "\x1b[31m\x1b[32mc\x1b[0m\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for color, want := range map[bool]string{false: tc.plain, true: tc.color} {
				if want == "=" {
					want = tc.in
				}
				want = strings.ReplaceAll(want, "\r\x1b", "\x1b") // the return itself is never shown
				if got := string(Sanitize(nil, []byte(tc.in), color)); got != want {
					t.Errorf("color %v: got  %q\nwant %q", color, got, want)
				}
			}
		})
	}
}

// Everything that a line can hold next to a plain one is found, wherever it
// stands.
func TestPlain(t *testing.T) {
	for length := range 40 {
		for at := range length {
			for c := range 256 {
				line := bytes.Repeat([]byte("x"), length)
				line[at] = byte(c)
				if got, want := plain(line), c >= ' ' && c < 0x7f || c == '\t'; got != want {
					t.Fatalf("byte %#x at %d of %d: %v", c, at, length, got)
				}
			}
		}
	}
	for _, s := range []string{"日本語", "a\tb é", strings.Repeat("a", 30) + "ß\t!"} {
		if !plain([]byte(s)) {
			t.Errorf("%q is plain", s)
		}
	}
	for _, s := range []string{"é\x1b", "é\x7f", "aaaaaaaa\u0080", "\u009f", "日\xe6"} {
		if plain([]byte(s)) {
			t.Errorf("%q is not plain", s)
		}
	}
}

// checkSanitized fails on what may never be shown.
func checkSanitized(t *testing.T, out []byte, color bool) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Fatalf("not UTF-8: %q", out)
	}
	for _, line := range bytes.Split(out, []byte{'\n'}) {
		on, linked := false, false
		for i := 0; i < len(line); {
			r, size := utf8.DecodeRune(line[i:])
			switch {
			case r == 0x1b && color:
				n, what, arg := escape(line[i:])
				size = n
				if what == ']' {
					linked = bytes.IndexByte(arg, ';') < len(arg)-1
					break
				}
				if what != 'm' {
					t.Fatalf("a code that is neither a colour nor a link: %q", line)
				}
				for _, c := range line[i+2 : i+n-1] {
					if c < '0' || c > ';' {
						t.Fatalf("a strange colour: %q", line)
					}
				}
				on = string(arg) != "0"
			case r != '\t' && r < ' ' || r >= 0x7f && r < 0xa0:
				t.Fatalf("%U in %q", r, line)
			}
			i += size
		}
		var s sgr
		for i := 0; i < len(line); i++ {
			if line[i] == 0x1b {
				if _, what, arg := escape(line[i:]); what == 'm' {
					s.apply(arg)
				}
			}
		}
		if linked {
			t.Fatalf("a link leaks out of %q", line)
		}
		if on && s.on {
			t.Fatalf("a colour leaks out of %q", line)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzSanitize.txtar")
	f.Add([]byte("plain\n"), true)
	f.Add([]byte("\x1b[1;38;5;3mred\x1b[0m\r\x1b[K10%\b\b\xff\u009b\n\x1b]0;t\a"), true)
	f.Add([]byte("\x1b]8;;u\x1b\\a\bb\x1b[1mc\x1b]8;;\a\b\x1b]8;x;y;\a\n"), true)
	f.Add([]byte("a\x1b[31m\bb\x1b[2K\x1b[1Gc\n"), false)
	f.Fuzz(func(t *testing.T, in []byte, color bool) {
		out := Sanitize(nil, in, color)
		checkSanitized(t, out, color)
		lines := bytes.Count(in, []byte{'\n'})
		if len(in) > 0 && in[len(in)-1] != '\n' {
			lines++
		}
		if got := bytes.Count(out, []byte{'\n'}); got != lines {
			t.Fatalf("%d lines have become %d", lines, got)
		}
		if again := Sanitize(nil, out, false); !color && !bytes.Equal(again, out) {
			t.Fatalf("sanitized twice: %q, then %q", out, again)
		}
		isPlain := true
		for _, r := range string(in) {
			isPlain = isPlain && (r >= ' ' && r < 0x7f || r == '\n' || r == '\t' || r >= 0xa0 && r != utf8.RuneError)
		}
		if isPlain && len(in) > 0 && in[len(in)-1] == '\n' && !bytes.Equal(in, out) {
			t.Fatalf("plain text %q has become %q", in, out)
		}
	})
}

func BenchmarkSanitize(b *testing.B) {
	for _, bc := range []struct{ name, line string }{
		{"plain", strings.Repeat("x", 79)},
		{"short", "1234567"},
		{"unicode", strings.Repeat("日本é ", 8)},
		{"colour", "\x1b[32mINFO\x1b[0m " + strings.Repeat("x", 66)},
		{"junk", strings.Repeat("\xff\x00a", 26)},
	} {
		b.Run(bc.name, func(b *testing.B) {
			block := bytes.Repeat([]byte(bc.line+"\n"), 1000)
			var out []byte
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				out = Sanitize(out[:0], block, true)
			}
		})
	}
}
