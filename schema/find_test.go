package schema

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tempDir is a directory below which nothing but the test decides what Find
// sees; above it there must be no devloop.yaml.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func hinted(t *testing.T, err error, msg, hint string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Msg, msg) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got %#v, want a message with %q and a hint with %q", err, msg, hint)
	}
}

func TestFind(t *testing.T) {
	dir := tempDir(t)
	deep := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Find(deep)
	hinted(t, err, "no devloop.yaml in "+deep, "name another file with -f")

	top := filepath.Join(dir, "devloop.yaml")
	write(t, top, "")
	for _, from := range []string{dir, deep} {
		if got, err := Find(from); got != top || err != nil {
			t.Errorf("Find(%s) = %q, %v", from, got, err)
		}
	}
	near := filepath.Join(deep, "devloop.yaml")
	write(t, near, "")
	if got, err := Find(deep); got != near || err != nil {
		t.Errorf("Find = %q, %v", got, err)
	}
	t.Chdir(deep)
	if got, err := Find("."); got != near || err != nil {
		t.Errorf("Find(.) = %q, %v", got, err)
	}

	// A directory of that name is not the file.
	if err := os.Mkdir(filepath.Join(dir, "a", "devloop.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(filepath.Join(dir, "a")); got != top || err != nil {
		t.Errorf("Find past a directory = %q, %v", got, err)
	}
}

func TestFindYml(t *testing.T) {
	dir := tempDir(t)
	write(t, filepath.Join(dir, "devloop.yml"), "")
	_, err := Find(dir)
	hinted(t, err, "devloop.yml is not read", "rename it to devloop.yaml")
}
