package inputs

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// TestAnyEdits: whatever is done to files, as fast as can be, a table that has seen all before finds what one finds that has
// seen nothing; and what happens to a file after the snapshot has settled is told.
func TestAnyEdits(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a", "b", "c")
	p.table.clock = time.Now
	random := rand.New(rand.NewPCG(3, uint64(os.Getpid())))
	names := []string{"a", "b", "c", "d", "sub/e"}
	texts := []string{"one", "two", "six", "", "longer"}
	old := time.Unix(1_600_000_000, 123456789)
	pick := func(all []string) string { return all[random.IntN(len(all))] }
	edit := func() (name string) {
		name = pick(names)
		path := p.path(name)
		switch random.IntN(8) {
		case 0:
			_ = os.Remove(path)
		case 1: // as editors save
			p.write("saved", pick(texts))
			_ = os.Chtimes(p.path("saved"), old, old)
			_ = os.Rename(p.path("saved"), path)
		case 2:
			_ = os.Remove(path)
			_ = os.Link(p.path(pick(names)), path)
		case 3:
			_ = os.Remove(path)
			_ = os.Symlink(pick(names), path)
		case 4:
			_ = os.Chmod(path, []os.FileMode{0o644, 0o755}[random.IntN(2)])
		default:
			if text := pick(texts); os.WriteFile(path, []byte(text), 0o644) == nil && random.IntN(2) == 0 {
				_ = os.Chtimes(path, old, old)
			}
		}
		return name
	}
	all := p.list()
	for i := range testenv.Either(300, 3000) {
		for range 1 + random.IntN(4) {
			edit()
		}
		s, err := p.table.Take(context.Background(), p.dir, all)
		check(t, err)
		alone, err := NewTable().Take(context.Background(), p.dir, all)
		check(t, err)
		if root(s) != root(alone) {
			t.Fatalf("step %d: the table says\n%v, and the files\n%v", i, s.Files, alone.Files)
		}
		if random.IntN(4) > 0 {
			continue
		}
		if wait := s.Settled(); wait > 0 {
			<-time.After(wait)
		}
		changed, err := p.table.Unchanged(context.Background(), s, all)
		check(t, err)
		if len(changed) > 0 {
			t.Fatalf("step %d: nothing has changed, but %q", i, changed)
		}
		name := pick(names)
		if os.WriteFile(p.path(name), []byte(pick(texts)), 0o644) != nil || os.WriteFile(p.path(name), []byte(pick(texts)), 0o644) != nil {
			continue
		}
		_ = os.Chtimes(p.path(name), old, old)
		changed, err = p.table.Unchanged(context.Background(), s, all)
		check(t, err)
		if !slices.Contains(changed, name) {
			t.Fatalf("step %d: %s was written, but changed: %q", i, name, changed)
		}
	}
}
