package inputs

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// bigTree makes many files, a hundred in a directory, and lists them as a walk of the disk does.
func bigTree(t testing.TB, dir string, files int) iter.Seq2[string, error] {
	t.Helper()
	for i := range files {
		write(t, filepath.Join(dir, fmt.Sprintf("src/some/package%03d/file%02d.go", i/100, i%100)), fmt.Sprintf("package package%d // %d", i/100, i))
	}
	return func(yield func(string, error) bool) { walk(filepath.Join(dir, "src"), yield) }
}

func walk(dir string, yield func(string, error) bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return yield(dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if !walk(path, yield) {
				return false
			}
		} else if !yield(path, nil) {
			return false
		}
	}
	return true
}

func warm(b *testing.B) (*Table, string, iter.Seq2[string, error]) {
	dir := b.TempDir()
	all := bigTree(b, dir, 10_000)
	table := NewTable()
	table.clock = func() time.Time { return time.Now().Add(time.Minute) } // as if the files were written a minute ago
	if _, err := table.Take(context.Background(), dir, all); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	return table, dir, all
}

func BenchmarkTake(b *testing.B) {
	table, dir, all := warm(b)
	for b.Loop() {
		if _, err := table.Take(context.Background(), dir, all); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnchanged(b *testing.B) {
	table, dir, all := warm(b)
	s, err := table.Take(context.Background(), dir, all)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if changed, err := table.Unchanged(context.Background(), s, all); err != nil || changed != nil {
			b.Fatal(changed, err)
		}
	}
}

func BenchmarkRoot(b *testing.B) {
	table, dir, all := warm(b)
	s, err := table.Take(context.Background(), dir, all)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Root()
	}
}

func BenchmarkFirstTake(b *testing.B) {
	_, dir, all := warm(b)
	for b.Loop() {
		if _, err := NewTable().Take(context.Background(), dir, all); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKept is what the key costs at the first start on a tree that was known before.
func BenchmarkKept(b *testing.B) {
	table, dir, all := warm(b)
	path := filepath.Join(b.TempDir(), "table")
	if err := table.Save(path); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		table := NewTable()
		if err := table.Load(path); err != nil {
			b.Fatal(err)
		}
		s, err := table.Take(context.Background(), dir, all)
		if err != nil {
			b.Fatal(err)
		}
		s.Root()
	}
}

// BenchmarkMemory tells the bytes that a table takes for each file.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		table := NewTable()
		fill(table, 0, 10_000)
		b.ReportMetric(float64(len(table.slots)*entrySize)/10_000, "B/file")
	}
}
