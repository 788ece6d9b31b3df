package contents

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestTableIsAMap(t *testing.T) {
	for _, keys := range []uint64{10, 1000, 100_000} {
		random := rand.New(rand.NewPCG(1, keys))
		var mine table
		model := map[uint64]uint64{}
		for i := range 3 * keys {
			key := mix(random.Uint64N(keys)+1) &^ 0xff // what the table keeps of it
			if i == keys {
				mine.fit()
			}
			if got := mine.get(key); got != model[key] {
				t.Fatalf("%d keys: get(%x) = %x, want %x", keys, key, got, model[key])
			}
			value := 1 + random.Uint64N(1<<48-1)
			mine.put(key, value)
			model[key] = value
		}
		absent := 0
		for key, value := range model {
			if isAbsent(value) {
				absent++
			}
			if got := mine.get(key); got != value {
				t.Fatalf("%d keys: get(%x) = %x, want %x", keys, key, got, value)
			}
		}
		if mine.len() != len(model) || mine.absent != absent {
			t.Errorf("%d keys: %d entries and %d absent, want %d and %d", keys, mine.len(), mine.absent, len(model), absent)
		}
		mine.dropAbsent()
		for key, value := range model {
			want := value
			if isAbsent(value) {
				want = 0
			}
			if got := mine.get(key); got != want {
				t.Fatalf("%d keys: get(%x) = %x after dropping, want %x", keys, key, got, want)
			}
		}
		if mine.len() != len(model)-absent || mine.absent != 0 {
			t.Errorf("%d keys: %d entries and %d absent are left, want %d and none", keys, mine.len(), mine.absent, len(model)-absent)
		}
	}
}

// Whatever paths share an entry, no change is ever taken for none: when two
// bits of a path's digest count, all files share four entries.
func TestPathsThatShareAnEntryLoseNothing(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	now, seen := map[string]string{}, map[string]string{} // "" is no file
	var paths []string
	for i := range 12 {
		path := filepath.Join(dir, fmt.Sprint("f", i))
		paths = append(paths, path)
		if i%2 == 0 {
			now[path] = "old"
			write(t, path, "old")
		}
	}
	s := New()
	s.pathBits = 3 << 62
	learn(s, paths...)
	for _, path := range paths {
		seen[path] = now[path]
	}
	changes := 0
	for step := range 3000 {
		path := paths[random.IntN(len(paths))]
		switch text := []string{"", "a", "b"}[random.IntN(3)]; {
		case text != "":
			write(t, path, text)
			now[path] = text
		case now[path] != "":
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			now[path] = ""
		}
		if random.IntN(2) == 0 {
			continue // two changes before anybody looks
		}
		look := s.Look(path)
		if differs := now[path] != seen[path]; differs {
			changes++
			if !look.Changed {
				t.Fatalf("step %d: %s held %q and holds %q now, and has not changed", step, path, seen[path], now[path])
			}
		}
		seen[path] = now[path]
		if again := s.Look(path); again.Changed {
			t.Fatalf("step %d: %s has changed again although nobody did anything", step, path)
		}
	}
	if changes < 500 {
		t.Errorf("only %d changes: the test tests little", changes)
	}
}

// Files that have gone are not remembered without end.
func TestTemporaryFilesTakeNoMemory(t *testing.T) {
	s := New()
	learn(s)
	for i := range mostAbsent * 9 / 8 {
		path := fmt.Sprint("/nowhere/", i)
		s.known.put(s.digest(path), unknown) // it was seen once
		s.Look(path)
	}
	if n := s.known.len(); n > mostAbsent+1 {
		t.Errorf("%d files are remembered, and none is there", n)
	}
}

func (t *table) len() int {
	sum := 0
	for i := range t.shards {
		sum += t.shards[i].used
	}
	return sum
}
