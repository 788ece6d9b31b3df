package contents

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/plainfile"
)

// sums keeps what it is told, and knows what it is made to know.
type sums struct {
	known map[plainfile.Stat][sha256.Size]byte
	noted [][sha256.Size]byte
}

func (s *sums) Known(at plainfile.Stat) (sum [sha256.Size]byte, ok bool) {
	sum, ok = s.known[at]
	return sum, ok
}

func (s *sums) Note(_ plainfile.Stat, _ time.Time, sum [sha256.Size]byte) {
	s.noted = append(s.noted, sum)
}

func keeping(kept Sums) *Store {
	s := New()
	s.Keep(kept)
	s.Forget()
	return s
}

func TestSumsAreKept(t *testing.T) {
	path := newFile(t, "some text")
	kept := &sums{}
	s := keeping(kept)
	learn(s, path)
	write(t, path, "")
	s.Look(path)
	long := strings.Repeat("longer than what is read at once\n", 10_000)
	write(t, path, long)
	s.Settle(path)
	s.Look(filepath.Dir(path))
	s.Look(filepath.Join(path, "nothing"))
	if err := os.Truncate(path, largeFile); err != nil {
		t.Fatal(err)
	}
	s.Look(path) // it is not read
	if len(kept.noted) != 3 {
		t.Fatalf("%d sums", len(kept.noted))
	}
	for i, text := range []string{"some text", "", long} {
		if kept.noted[i] != sha256.Sum256([]byte(text)) {
			t.Errorf("sum %d is not that of its text", i)
		}
	}
}

// TestKnownSumsAreNotRead: a file whose sum is known holds what that says.
func TestKnownSumsAreNotRead(t *testing.T) {
	path := newFile(t, "a")
	at, err := plainfile.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := &sums{known: map[plainfile.Stat][sha256.Size]byte{at: {1}}}
	s := keeping(kept)
	learn(s, path)
	expect(t, s, path, Look{}, "its sum is known, and the same")
	kept.known[at] = [sha256.Size]byte{2}
	expect(t, s, path, Look{Changed: true}, "another sum")
	delete(kept.known, at)
	expect(t, s, path, Look{Changed: true}, "it is read")
	if len(kept.noted) != 1 {
		t.Errorf("it was read %d times", len(kept.noted))
	}
}

// TestSumsBegin: from one Forget to another, the same file is known in one way.
func TestSumsBegin(t *testing.T) {
	path := newFile(t, "a")
	kept := &sums{}
	s := New()
	learn(s, path)
	s.Keep(kept)
	expect(t, s, path, Look{}, "sums do not count before all is forgotten")
	if !s.Forget().Knew(path) {
		t.Error("what was known is lost")
	}
	learn(s, path)
	expect(t, s, path, Look{}, "known by its sum")
	s.Keep(nil)
	s.Forget()
	learn(s, path)
	if expect(t, s, path, Look{}, "known without"); len(kept.noted) != 2 {
		t.Errorf("%d sums", len(kept.noted))
	}
}
