//go:build unix

package schema

import (
	"os"
	"path/filepath"
	"syscall"
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

// TestForeignPreset holds that a configuration cannot lead to what another user
// wrote, unless he wrote the configuration too, or is root.
func TestForeignPreset(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	dir := disk(t, map[string]string{
		"devloop.yaml": "extends: ./team.yaml\n",
		"team.yaml":    "processes: {a: {run: ./a}}\n",
	})
	config, preset := filepath.Join(dir, "devloop.yaml"), filepath.Join(dir, "team.yaml")
	if err := os.Chown(preset, 4711, -1); err != nil {
		t.Fatal(err)
	}
	c, err := Load(config, bare())
	m := only(t, c, err)
	wantMistake(t, m, 1, 10, "`"+preset+"` belongs to user 4711")
	if err := os.Chown(config, 4711, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(config, bare()); err != nil {
		t.Errorf("both of one user: %v", err)
	}
}

// TestPipes holds that what a file leads to is never waited for.
func TestPipes(t *testing.T) {
	dir := disk(t, map[string]string{"devloop.yaml": "extends: ./pipe.yaml\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(filepath.Join(dir, "devloop.yaml"), bare())
	wantMistake(t, only(t, c, err), 1, 10, "`"+filepath.Join(dir, "pipe.yaml")+"` is not a file")
}
