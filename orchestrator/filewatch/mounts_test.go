package filewatch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"devloop/orchestrator/fspoll"
)

// TestPlacesOfMounts: which of the places where something was mounted matter.
func TestPlacesOfMounts(t *testing.T) {
	real := unlinked(t.TempDir())
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	root := filepath.Join(link, "src") // which is not there
	roots := map[string]string{root: unlinked(root)}
	at := fspoll.Reach{
		Descend: func(dir string) bool { return filepath.Base(dir) != "target" && filepath.Ext(dir) == "" },
		Want:    func(path string) bool { return filepath.Ext(path) == ".toml" },
	}
	for _, c := range []struct {
		name, mount string
		told        bool
	}{
		{"elsewhere", real + "/other", false},
		{"with the same beginning", real + "/src2", false},
		{"below", real + "/src/a/b", true},
		{"the root itself", real + "/src", true},
		{"above it", real, true},
		{"a file", real + "/src/a/app.toml", true},
		{"a file that nobody wants", real + "/src/a/app.lock", false},
		{"a file where nobody looks", real + "/src/target/app.toml", false},
		{"where nobody looks", real + "/src/a/target/b", false},
		{"the one where nobody looks", real + "/src/target", false},
	} {
		if got := placesOf(roots, []string{c.mount}, at); slices.Contains(got, c.mount) != c.told || len(got) > 1 {
			t.Errorf("%s: %q, want it told: %v", c.name, got, c.told)
		}
	}
}
