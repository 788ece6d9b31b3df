package fswatch

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What an arena made stays what it is, whatever it makes later.
func TestArenaKeepsWhatItMade(t *testing.T) {
	var a arena
	var names, want []string
	dir := filepath.Join(separator+"top", strings.Repeat("x", 200))
	for i := range 1000 {
		for _, at := range []string{separator, dir, filepath.Join(dir, strings.Repeat("long", textPiece/8))} {
			name := fmt.Sprint("n", i)
			names = append(names, a.join(at, []byte(name)))
			want = append(want, filepath.Join(at, name))
		}
	}
	for i := range names {
		if names[i] != want[i] {
			t.Fatalf("name %d is %.40q, want %.40q", i, names[i], want[i])
		}
	}
	seen := map[*node]bool{}
	for range 3 * nodePiece {
		n := a.node()
		if seen[n] || *n != (node{}) {
			t.Fatalf("a node was made twice: %+v", n)
		}
		n.path = "used"
		seen[n] = true
	}
}
