//go:build unix

package schema

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFindForeign(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	dir := tempDir(t)
	below := filepath.Join(dir, "a")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "devloop.yaml")
	write(t, file, "")
	if err := os.Chown(file, 4711, -1); err != nil {
		t.Fatal(err)
	}
	_, err := Find(below)
	hinted(t, err, "belongs to user 4711", "devloop -f "+file)
	if got, err := Find(dir); got != file || err != nil {
		t.Errorf("in the directory itself: %q, %v", got, err)
	}

	// A link of another user's to a file of ours is his choice too.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "mine.yaml")
	write(t, mine, "")
	if err := os.Symlink(mine, file); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(below); got != file || err != nil {
		t.Errorf("our own link: %q, %v", got, err)
	}
	if err := os.Lchown(file, 4711, -1); err != nil {
		t.Fatal(err)
	}
	_, err = Find(below)
	hinted(t, err, "belongs to user 4711", "devloop -f")
}
