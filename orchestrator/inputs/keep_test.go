package inputs

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"devloop/orchestrator/plainfile"
)

// at is a file that nobody has written to for long.
func at(n int) plainfile.Stat {
	return plainfile.Stat{Kind: plainfile.Regular, Ino: uint64(n), Changed: 1_000_000_000_000_000_001}
}

func sumOf(n int) [32]byte { return [32]byte{byte(n), byte(n >> 8), byte(n >> 16), 1} }

func fill(table *Table, from, to int) {
	for n := from; n < to; n++ {
		table.Note(at(n), table.clock(), sumOf(n))
	}
}

// knows counts the files that a table knows, and tells that it knows nothing that is wrong.
func knows(t *testing.T, table *Table, from, to int) (count int) {
	t.Helper()
	for n := from; n < to; n++ {
		sum, known := table.Known(at(n))
		if known && sum != sumOf(n) {
			t.Fatalf("what file %d holds is wrong", n)
		}
		if known {
			count++
		}
	}
	return count
}

func load(t *testing.T, path string) *Table {
	t.Helper()
	table := NewTable()
	check(t, table.Load(path))
	return table
}

func TestKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache", "table")
	table := load(t, path)
	check(t, table.Save(path))
	if _, err := os.Stat(path); err == nil {
		t.Error("nothing was written to a file")
	}
	fill(table, 0, 1000)
	check(t, table.Save(path))
	if n := knows(t, load(t, path), 0, 2000); n != 1000 {
		t.Errorf("%d files are known", n)
	}
	before, err := os.Stat(path)
	check(t, err)
	fill(table, 0, 1000)
	check(t, table.Save(path))
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the same was written again: %v", err)
	}
	other := NewTable()
	fill(other, 1500, 2000)
	check(t, other.Save(path))
	if n := knows(t, load(t, path), 0, 2000); n != 1500 {
		t.Errorf("%d files are known of two tables", n)
	}
}

// TestDamaged: whatever is changed in the file, nothing of it is believed.
func TestDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "table")
	table := NewTable()
	fill(table, 0, 20)
	check(t, table.Save(path))
	whole, err := os.ReadFile(path)
	check(t, err)
	damaged := [][]byte{nil, []byte("something else"), whole[:len(whole)/2], whole[:len(firstLine)], append(whole[:len(whole):len(whole)], 0), whole[entrySize:]}
	for i := range whole {
		other := append([]byte(nil), whole...)
		other[i] ^= 1 << (i % 8)
		damaged = append(damaged, other)
		if i%7 == 0 {
			damaged = append(damaged, whole[:i])
		}
	}
	for _, data := range damaged {
		write(t, path, string(data))
		if n := knows(t, load(t, path), 0, 20); n > 0 {
			t.Fatalf("%d files are known from a damaged table of %d bytes", n, len(data))
		}
	}
	fill(table, 20, 21)
	check(t, table.Save(path))
	if n := knows(t, load(t, path), 0, 21); n != 21 {
		t.Errorf("%d files are known after it was damaged", n)
	}
	if err := NewTable().Load(filepath.Dir(path)); err == nil {
		t.Error("a directory was read")
	}
}

// TestTogether: several that save at once never leave a damaged file, and each keeps what another has saved before.
func TestTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "table")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			table := NewTable()
			for j := range 20 {
				n := 1000*i + j
				fill(table, n, n+1)
				if err := table.Save(path); err != nil {
					t.Error(err)
				}
				other := NewTable()
				if err := other.Load(path); err != nil || other.count == 0 {
					t.Errorf("%d files are known, %v", other.count, err)
				}
			}
		})
	}
	all.Wait()
	// Who was last knew all of its own.
	if n := knows(t, load(t, path), 0, 4000); n < 20 || n > 80 {
		t.Errorf("%d files are known", n)
	}
	left := path + ".new-1"
	write(t, left, "of one that was killed")
	check(t, os.Chtimes(left, time.Time{}, time.Now().Add(-2*time.Hour)))
	table := NewTable()
	fill(table, 0, 1)
	check(t, table.Save(path))
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
}

// TestBounded: what is gone leaves the table, and its file.
func TestBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "table")
	now := time.Unix(2_000_000_000, 0)
	table := NewTable()
	table.clock = func() time.Time { return now }
	const files = 2000
	for round := range 50 { // each file is written, and read, again and again
		now = now.Add(idle*time.Second + time.Second)
		fill(table, round*files, round*files+files)
		if n := knows(t, table, round*files, round*files+files); n != files {
			t.Fatalf("%d of %d files are known", n, files)
		}
	}
	if len(table.slots) > 4*files {
		t.Errorf("%d slots for %d files", len(table.slots), files)
	}
	check(t, table.Save(path))
	now = now.Add(keptFor*time.Second + time.Second)
	later := NewTable()
	later.clock = table.clock
	fill(later, 0, 1)
	check(t, later.Save(path))
	if all := load(t, path); all.count != 1 {
		t.Errorf("%d files are known for good", all.count)
	}
}

func TestMostFiles(t *testing.T) {
	t.Parallel()
	table := NewTable()
	asked := int64(0)
	table.clock = func() time.Time {
		asked++
		return time.Unix(1_900_000_000+asked/100_000, 0)
	}
	table.slots = make([]entry, most*8/7)
	fill(table, 0, most+most/8)
	if table.count > most+1 || len(table.slots) > most*2 {
		t.Errorf("%d entries in %d slots", table.count, len(table.slots))
	}
	if n := knows(t, table, most, most+most/8); n != most/8 {
		t.Errorf("%d of %d that were used last", n, most/8)
	}
}
