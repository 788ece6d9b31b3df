package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brief writes entries so that a test can compare them.
func brief(entries []Entry) []string {
	var all []string
	for _, e := range entries {
		missed := ""
		if e.Missed > 0 {
			missed = fmt.Sprintf("(%d missed) ", e.Missed)
		}
		all = append(all, fmt.Sprintf("%d %s#%d %s%s", e.Seq, e.Node, e.Run, missed, strings.ReplaceAll(string(e.Text), "\n", "/")))
	}
	return all
}

func equal(t *testing.T, got []Entry, want ...string) {
	t.Helper()
	if b := brief(got); !slices.Equal(b, want) {
		t.Errorf("got\n  %q\nwant\n  %q", b, want)
	}
}

func TestReadKeepsTheOrderOfAll(t *testing.T) {
	j := New(0)
	text := []byte("one\n")
	j.Append(Entry{Node: "a", Run: 1, Text: text})
	copy(text, "XXX\n")
	j.Append(Entry{Node: "b", Run: 4, Text: []byte("two\nthree\n")})
	j.Append(Entry{Node: "a", Run: 2, Text: []byte("no newline")})
	j.Append(Entry{Node: "c", Run: 1})
	equal(t, j.Read(Query{}), "1 a#1 one/", "2 b#4 two/three/", "3 a#2 no newline/")
	equal(t, j.Read(Query{Names: []string{"b", "nobody"}}), "2 b#4 two/three/")
	j.Forget("a")
	equal(t, j.Read(Query{}), "2 b#4 two/three/")
}

func TestReadSince(t *testing.T) {
	j := New(0)
	start := time.Unix(1000, 0)
	for i := range 10 {
		j.Append(Entry{Node: "a", Time: start.Add(time.Duration(i) * time.Second), Text: fmt.Appendf(nil, "%d\n", i)})
	}
	equal(t, j.Read(Query{Since: start.Add(8 * time.Second)}), "9 a#0 8/", "10 a#0 9/")
	equal(t, j.Read(Query{Since: start.Add(8*time.Second + 1)}), "10 a#0 9/")
	equal(t, j.Read(Query{Since: start.Add(time.Minute)}))
}

// What is dropped is the oldest, and the reader is told how much.
func TestTheOldestIsDroppedAndCounted(t *testing.T) {
	const limit = 64 << 10
	j := New(limit)
	j.Append(Entry{Node: "quiet", Text: []byte("still here\n")})
	const lines = 10_000
	start := time.Unix(1000, 0)
	for i := range lines {
		j.Append(Entry{Node: "loud", Time: start.Add(time.Duration(i)), Text: fmt.Appendf(nil, "line %d\nand its second\n", i)})
	}
	got := j.Read(Query{})
	if string(got[0].Text) != "still here\n" || got[0].Missed != 0 {
		t.Errorf("the quiet one has %q", got[0].Text)
	}
	loud := got[1:]
	if kept := len(loud); kept < 100 || kept > limit/recordCost || loud[0].Missed != uint64(2*(lines-kept)) {
		t.Errorf("%d of %d entries kept, %d lines missed", kept, lines, loud[0].Missed)
	}
	for i, e := range loud {
		if want := fmt.Sprintf("line %d\nand its second\n", lines-len(loud)+i); string(e.Text) != want || i > 0 && e.Missed > 0 {
			t.Fatalf("entry %d is %q with %d missed, want %q", i, e.Text, e.Missed, want)
		}
	}
	// Nothing that was dropped is as young as what is asked for.
	if got := j.Read(Query{Names: []string{"loud"}, Since: start.Add(lines - 1)}); len(got) != 1 || got[0].Missed != 0 {
		t.Errorf("the last entry alone: %q", brief(got))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const limit = 1 << 20
	for _, text := range []string{"x\n", strings.Repeat("y", 79) + "\n", strings.Repeat("z", 60_000) + "\n", strings.Repeat("w\n", 100_000)} {
		j := New(limit)
		for range 8 * limit / (len(text) + recordCost) {
			j.Append(Entry{Node: "a", Text: []byte(text)})
		}
		h, size, records := j.nodes["a"], 0, 0
		held := h.kept
		if h.spare != nil {
			held = append(held, h.spare)
		}
		for _, s := range held {
			size += cap(s.text)
			records += cap(s.records)
		}
		if most := limit + limit/segments; size > most || records*recordCost > 2*most {
			t.Errorf("texts of %d bytes: %d bytes and room for %d records are held", len(text), size, records)
		}
		if kept := len(h.kept); kept < segments-1 {
			t.Errorf("texts of %d bytes: only %d segments are used", len(text), kept)
		}
	}
}

func TestAQuietNodeNeedsLittle(t *testing.T) {
	j := New(0)
	j.Append(Entry{Node: "a", Text: []byte("hello\n")})
	if size := j.nodes["a"].size; size > firstSegment {
		t.Errorf("%d bytes for one line", size)
	}
}

func TestALineLongerThanASegment(t *testing.T) {
	j := New(16 << 10)
	long := strings.Repeat("x", 2500) + "\n"
	j.Append(Entry{Node: "a", Text: []byte("short\n" + long + "end\n")})
	var all []byte
	for _, e := range j.Read(Query{}) {
		text := e.Text
		if e.Continued {
			text = text[:len(text)-1]
		}
		all = append(all, text...)
	}
	if string(all) != "short\n"+long+"end\n" {
		t.Errorf("read %d bytes: %.80q", len(all), all)
	}
}

var errEnough = errors.New("enough")

// A follower gets everything once, in order, whoever writes meanwhile.
func TestFollowGetsEverything(t *testing.T) {
	j := New(8 << 20)
	names := []string{"a", "b", "c"}
	const each = 2000
	j.Append(Entry{Node: "a", Text: []byte("before\n")})
	var writers sync.WaitGroup
	for _, name := range names {
		writers.Go(func() {
			for i := range each {
				j.Append(Entry{Node: name, Run: i, Text: fmt.Appendf(nil, "%s %d\n", name, i)})
			}
		})
	}
	next := map[string]int{"a": -1}
	var last uint64
	total := 0
	err := j.Follow(t.Context(), Query{Names: []string{"a", "b"}}, func(batch []Entry) error {
		for _, e := range batch {
			want := fmt.Sprintf("%s %d\n", e.Node, next[e.Node])
			if next[e.Node] == -1 {
				want = "before\n"
			}
			if string(e.Text) != want || e.Missed > 0 || e.Seq <= last {
				return fmt.Errorf("entry %d after %d is %q with %d missed, want %q", e.Seq, last, e.Text, e.Missed, want)
			}
			last = e.Seq
			next[e.Node]++
			total++
		}
		if total == 2*each+1 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Error(err)
	}
	writers.Wait()
}

// Whoever follows slowly keeps nobody waiting, and is told what is lost.
func TestASlowFollowerMisses(t *testing.T) {
	j := New(16 << 10)
	const lines = 5000
	j.Append(Entry{Node: "a", Text: []byte("0\n")})
	var seen, missed uint64
	err := j.Follow(t.Context(), Query{}, func(batch []Entry) error {
		if seen == 0 {
			for i := 1; i < lines; i++ { // inside the call: nothing may wait for its end
				j.Append(Entry{Node: "a", Text: fmt.Appendf(nil, "%d\n", i)})
			}
		}
		for _, e := range batch {
			missed += e.Missed
			if want := fmt.Sprintf("%d\n", seen+missed); string(e.Text) != want {
				return fmt.Errorf("%q with %d missed, want %q", e.Text, e.Missed, want)
			}
			seen++
		}
		if seen+missed == lines {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || missed == 0 {
		t.Errorf("%d seen, %d missed: %v", seen, missed, err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	j := New(0)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() { waiting <- j.Follow(ctx, Query{}, func([]Entry) error { cancel(); return nil }) }()
	j.Append(Entry{Node: "a", Text: []byte("x\n")})
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	j := New(1 << 20)
	text := []byte(strings.Repeat("x", 79) + "\n")
	fill := func() {
		for range 20_000 {
			j.Append(Entry{Node: "a", Text: text})
		}
	}
	fill()
	if n := testing.AllocsPerRun(5, fill); n > 100 {
		t.Errorf("%v allocations in 20,000 entries", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, bc := range []struct {
		name string
		size int
	}{{"line", 80}, {"block", 64 << 10}} {
		b.Run(bc.name, func(b *testing.B) {
			j := New(0)
			text := bytes.Repeat([]byte(strings.Repeat("x", 79)+"\n"), bc.size/80)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				j.Append(Entry{Node: "a", Text: text})
			}
		})
	}
}

// TestUnfinished: a line that has not ended comes last, and no more once it has.
func TestUnfinished(t *testing.T) {
	j := New(0)
	j.Unfinished(Entry{Node: "a", Text: []byte("name: ")})
	j.Append(Entry{Node: "b", Text: []byte("other\n")})
	texts := func(entries []Entry) (all []string) {
		for _, e := range entries {
			text := string(e.Text)
			if e.Unfinished {
				text += "…"
			}
			all = append(all, text)
		}
		return all
	}
	if got := texts(j.Read(Query{})); !slices.Equal(got, []string{"other\n", "name: …"}) {
		t.Errorf("before its end: %q", got)
	}
	var followed []string
	err := j.Follow(t.Context(), Query{Names: []string{"a"}}, func(batch []Entry) error {
		followed = append(followed, texts(batch)...)
		if len(followed) == 2 {
			return io.EOF
		}
		j.Append(Entry{Node: "a", Text: []byte("name: me\n")})
		return nil
	})
	if err != io.EOF || !slices.Equal(followed, []string{"name: …", "name: me\n"}) {
		t.Errorf("followed: %q, %v", followed, err)
	}
	if got := texts(j.Read(Query{})); !slices.Equal(got, []string{"other\n", "name: me\n"}) {
		t.Errorf("after its end: %q", got)
	}
}
