package procgroup

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"devloop/orchestrator/test/testenv"
)

// refSplit is the splitter's meaning, a byte at a time: a list of lines and
// pieces, pieces marked with a leading '+'.
func refSplit(in []byte) []string {
	var got []string
	var cur []byte
	cr := false
	for _, b := range in {
		switch {
		case b == '\n':
			got = append(got, "="+string(cur))
			cur, cr = nil, false
		case b == '\r':
			cr = true
		default:
			if cr {
				cur, cr = nil, false
			}
			cur = append(cur, b)
			if len(cur) > maxLine {
				cut := cutBefore(cur, 0, maxLine)
				got = append(got, "+"+string(cur[:cut]))
				cur = append([]byte(nil), cur[cut:]...)
			}
		}
	}
	if len(cur) > 0 {
		got = append(got, "="+string(cur))
	}
	return got
}

// split runs the splitter over in, cut into reads by next.
func split(t testing.TB, in []byte, next func() int) []string {
	t.Helper()
	var got []string
	s := newSplitter(func(b Block) {
		if len(b.Text) == 0 || b.Text[len(b.Text)-1] != '\n' {
			t.Fatalf("a block that does not end in a newline: %q", b.Text)
		}
		lines := strings.Split(string(b.Text[:len(b.Text)-1]), "\n")
		if b.Continued {
			if len(lines) != 1 {
				t.Fatalf("a piece with a newline inside: %q", b.Text)
			}
			got = append(got, "+"+lines[0])
			return
		}
		for _, l := range lines {
			got = append(got, "="+l)
		}
	})
	for rest := in; len(rest) > 0; {
		n := min(max(next(), 1), len(rest), len(s.space()))
		copy(s.space(), rest[:n])
		s.advance(n)
		rest = rest[n:]
	}
	s.finish()
	return got
}

func TestSplitter(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, tc := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"lines", "a\nbb\n", []string{"=a", "=bb"}},
		{"an empty line", "\n\na\n", []string{"=", "=", "=a"}},
		{"a last line without a newline", "a\npanic: boom", []string{"=a", "=panic: boom"}},
		{"crlf", "a\r\n\r\nb\r\n", []string{"=a", "=", "=b"}},
		{"crlf twice", "a\r\r\n", []string{"=a"}},
		{"a progress bar", " 10%\r 50%\r100%\ndone\n", []string{"=100%", "=done"}},
		{"a progress bar that ends the output", "10%\r20%\r", []string{"=20%"}},
		{"a redrawn line erased before the newline", "10%\r\x1b[K\r\n", []string{"=\x1b[K"}},
		{"a lone carriage return", "\r", nil},
		{"lines after a redrawn one", "a\rb\nc\nd\re\r\nf", []string{"=b", "=c", "=e", "=f"}},
		{"the longest line", long + "\nb\n", []string{"=" + long, "=b"}},
		{"one byte too long", "a\n" + long + "yz\nb\n", []string{"=a", "+" + long, "=yz", "=b"}},
		{"the longest line at the end", long, []string{"=" + long}},
		{"three pieces", long + long + "z", []string{"+" + long, "+" + long, "=z"}},
		{"a character across the cut", long[1:] + "é!\n", []string{"+" + long[1:], "=é!"}},
		{"a colour across the cut", long[4:] + "\x1b[31mred\n", []string{"+" + long[4:], "=\x1b[31mred"}},
		{"a colour before the cut", long[5:] + "\x1b[31mred\n", []string{"+" + long[5:] + "\x1b[31m", "=red"}},
		{"the start of a colour at the cut", long[1:] + "\x1b[31mred\n", []string{"+" + long[1:], "=\x1b[31mred"}},
		{"a long line redrawn", long + "abc\rd\n", []string{"+" + long, "=d"}},
		{"not UTF-8 across the cut", long[3:] + "\x80\x80\x80\x80\x80\n", []string{"+" + long[3:] + "\x80\x80\x80", "=\x80\x80"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 7, 4096, maxLine, maxLine + 1, 1 << 30} {
				got := split(t, []byte(tc.in), func() int { return size })
				if !equal(got, tc.want) {
					t.Fatalf("in reads of %d bytes:\n got %.200q\nwant %.200q", size, got, tc.want)
				}
			}
			if ref := refSplit([]byte(tc.in)); !equal(ref, tc.want) {
				t.Fatalf("the reference says %.200q, want %.200q", ref, tc.want)
			}
		})
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Pieces of a long line of multi-byte characters stay valid text.
func TestSplitterCutsBetweenCharacters(t *testing.T) {
	in := "a" + strings.Repeat("日本", 3*maxLine/6)
	var all strings.Builder
	for _, piece := range split(t, []byte(in), func() int { return 1000 }) {
		if !utf8.ValidString(piece) {
			t.Fatalf("a piece of %d bytes is not valid UTF-8", len(piece))
		}
		all.WriteString(piece[1:])
	}
	if all.String() != in {
		t.Fatal("the pieces together are not the line")
	}
}

// Texts made of the interesting parts only, cut at random places.
func TestSplitterAgainstReference(t *testing.T) {
	parts := []string{"\n", "\r", "\r\n", "a", "line\n", strings.Repeat("b", 1000), strings.Repeat("c", maxLine-1), "é", "日", "\x80", "\xff", "\x1b[", "\x1b[1;31m"}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var in []byte
		for range rnd.IntN(40) {
			in = append(in, parts[rnd.IntN(len(parts))]...)
		}
		got := split(t, in, func() int { return 1 + rnd.IntN(1<<rnd.IntN(18)) })
		if want := refSplit(in); !equal(got, want) {
			t.Fatalf("seed %d: %s", seed, firstDifference(got, want))
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("line %d is %.80q (%d bytes), want %.80q (%d bytes)", i, got[i], len(got[i]), want[i], len(want[i]))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(got), len(want))
}

func FuzzSplitter(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzSplitter.txtar")
	f.Add([]byte("a\r\nb\rc\nd"), uint16(3), uint16(0))
	f.Add([]byte("\r\r\n\n"), uint16(1), uint16(1))
	f.Add([]byte("x\xe6\x97\xa5\rz"), uint16(2), uint16(7000))
	f.Fuzz(func(t *testing.T, in []byte, read, repeat uint16) {
		// Repeating reaches the length limit with inputs a fuzzer can handle.
		in = bytes.Repeat(in, 1+int(repeat)%(1+200_000/(len(in)+1)))
		got := split(t, in, func() int { return int(read) + 1 })
		if want := refSplit(in); !equal(got, want) {
			t.Fatal(firstDifference(got, want))
		}
	})
}

func TestSplitterAllocatesNothing(t *testing.T) {
	var n int
	s := newSplitter(func(b Block) { n += len(b.Text) })
	chunk := []byte(strings.Repeat("a line\nanother line\r\n10%\r20%\n", 500))
	if got := testing.AllocsPerRun(50, func() {
		copy(s.space(), chunk)
		s.advance(len(chunk))
	}); got != 0 {
		t.Fatalf("%v allocations a read", got)
	}
	if n == 0 {
		t.Fatal("nothing was emitted")
	}
}

func BenchmarkSplitter(b *testing.B) {
	for _, bc := range []struct{ name, line string }{
		{"short", "0123456\n"},
		{"plain", strings.Repeat("x", 79) + "\n"},
		{"crlf", strings.Repeat("x", 78) + "\r\n"},
		{"progress", " 10%\r 20%\r 30% done\n"},
		{"huge", strings.Repeat("x", 10<<20) + "\n"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			var got int
			s := newSplitter(func(b Block) { got += len(b.Text) })
			chunk := []byte(strings.Repeat(bc.line, 1+readSize/len(bc.line)))[:readSize]
			b.SetBytes(readSize)
			for b.Loop() {
				copy(s.space(), chunk)
				s.advance(len(chunk))
			}
			if got == 0 {
				b.Fatal("nothing was emitted")
			}
		})
	}
}
