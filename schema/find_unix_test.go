//go:build unix

package schema

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	c, err := loadFile(config, bare())
	m := only(t, c, err)
	wantMistake(t, m, 1, 10, "`"+preset+"` belongs to user 4711")
	if err := os.Chown(config, 4711, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := loadFile(config, bare()); err != nil {
		t.Errorf("both of one user: %v", err)
	}
}

// TestPipes holds that what a file leads to is never waited for.
func TestPipes(t *testing.T) {
	dir := disk(t, map[string]string{"devloop.yaml": "extends: ./pipe.yaml\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadFile(filepath.Join(dir, "devloop.yaml"), bare())
	wantMistake(t, only(t, c, err), 1, 10, "`"+filepath.Join(dir, "pipe.yaml")+"` is a FIFO, not a regular file")
}

// TestEnvFileOfOthers holds that an env file that somebody else could fill is
// refused, unless the configuration is his anyway.
func TestEnvFileOfOthers(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "processes: {a: {run: ./a, env_file: .env}}\n",
		".env":         "A=1\n",
	})
	config, env := filepath.Join(dir, "devloop.yaml"), filepath.Join(dir, ".env")
	chmod := func(file string, mode os.FileMode) {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(env, 0o666)
	c, err := loadFile(config, bare())
	wantMistake(t, only(t, c, err), 1, 37, "`"+env+"` can be written by anybody")
	chmod(config, 0o666)
	c, err = loadFile(config, bare())
	if err != nil || len(c.Warnings) != 2 || c.Warnings[0].Msg != "anybody can write this file" || c.Warnings[1].Msg != "`"+env+"` can be written by anybody" {
		t.Errorf("both: %v", err)
	}
	chmod(env, 0o664)
	c, err = loadFile(config, bare())
	if err != nil || len(c.Warnings) != 1 || c.Warnings[0].Msg != "anybody can write this file" {
		t.Errorf("the configuration: %v", err)
	}
	chmod(config, 0o664)
	if c, err = loadFile(config, bare()); err != nil || len(c.Warnings) != 0 {
		t.Errorf("neither: %v", err)
	}
	if os.Getuid() != 0 {
		t.Log("only root can give a file to another user")
		return
	}
	if err := os.Chown(env, 4711, -1); err != nil {
		t.Fatal(err)
	}
	c, err = loadFile(config, bare())
	wantMistake(t, only(t, c, err), 1, 37, "`"+env+"` belongs to user 4711")
	if err := os.Chown(config, 4711, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := loadFile(config, bare()); err != nil {
		t.Errorf("both of one user: %v", err)
	}
}

// TestFilesThatAreNone holds that no file of a configuration is waited for, or
// read without an end, whatever stands in its place.
func TestFilesThatAreNone(t *testing.T) {
	files := map[string]string{
		"devloop.yaml":       "extends: team\ninclude: api\nenv_file: .env\nprocesses: {a: {run: ./a}}\n",
		"team.yaml":          "jobs: 2\n",
		"devloop.local.yaml": "name: mine\n",
		"api/devloop.yaml":   "processes: {b: {run: ./b}}\n",
		".env":               "A=1\n",
	}
	for name := range files {
		for kind, put := range map[string]func(path string) error{
			"a FIFO, not a regular file":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"a device, not a regular file": func(path string) error { return os.Symlink("/dev/zero", path) },
			"a FIFO, not a regular file: bis": func(path string) error {
				return errors.Join(syscall.Mkfifo(path+".x", 0o600), os.Symlink(path+".x", path))
			},
			"ore than 1 MiB": func(path string) error { return os.WriteFile(path, make([]byte, 1<<20+1), 0o600) },
		} {
			dir := disk(t, files)
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			_, err := loadFile(filepath.Join(dir, "devloop.yaml"), bare("DEVLOOP_PRESET_PATH="+dir))
			if words, _, _ := strings.Cut(kind, ":"); err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %s: %v", name, kind, err)
			}
		}
	}
}

// TestFilesThatAnybodyWrites holds that a preset and a personal file are refused as
// an env file is, and that a project's own file is warned of.
func TestFilesThatAnybodyWrites(t *testing.T) {
	files := map[string]string{
		"devloop.yaml":       "extends: ./team.yaml\ninclude: api\nprocesses: {a: {run: ./a}}\n",
		"team.yaml":          "jobs: 2\n",
		"devloop.local.yaml": "name: mine\n",
		"api/devloop.yaml":   "processes: {b: {run: ./b}}\n",
	}
	for name, refused := range map[string]bool{"devloop.yaml": false, "team.yaml": true, "devloop.local.yaml": true, "api/devloop.yaml": false} {
		dir := disk(t, files)
		if err := os.Chmod(filepath.Join(dir, filepath.FromSlash(name)), 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := loadFile(filepath.Join(dir, "devloop.yaml"), bare())
		text := fmt.Sprint(err)
		if err == nil {
			text = textOf(c.Warnings, "")
		}
		if (err != nil) != refused || !strings.Contains(text, "anybody") {
			t.Errorf("%s: %v, %s", name, err, text)
		}
	}
}
