package inputs

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// list names files below a directory.
func list(dir string, names ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range names {
			if !yield(filepath.Join(dir, name), nil) {
				return
			}
		}
	}
}

func take(t *testing.T, table *Table, dir string, names ...string) *Snapshot {
	t.Helper()
	s, err := table.Take(context.Background(), dir, list(dir, names...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unchanged(t *testing.T, table *Table, s *Snapshot, names ...string) []string {
	t.Helper()
	changed, err := table.Unchanged(context.Background(), s, list(s.root, names...))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "sub/b", "sub/c"} {
		write(t, filepath.Join(dir, name), name)
	}
	table := NewTable()
	all := []string{"sub/c", "a", "sub/b", "a", "gone"}
	s := take(t, table, dir, all...)
	if len(s.Files) != 3 || s.Files[0].Path != "a" || s.Files[2].Path != "sub/c" {
		t.Fatalf("%v", s.Files)
	}
	if changed := unchanged(t, table, s, all...); changed != nil {
		t.Errorf("nothing has changed, but %v", changed)
	}
	before, _ := s.Root()
	write(t, filepath.Join(dir, "a"), "other")
	write(t, filepath.Join(dir, "gone"), "here")
	os.Remove(filepath.Join(dir, "sub/c"))
	if changed := unchanged(t, table, s, all...); !slices.Equal(changed, []string{"a", "gone", "sub/c"}) {
		t.Errorf("changed: %v", changed)
	}
	if after, _ := take(t, table, dir, all...).Root(); after == before {
		t.Errorf("the same tree")
	}
}
