package smallfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 1, 511, 512, 513, Limit - 1, Limit} {
		path := filepath.Join(dir, "file")
		want := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, Limit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		dir:                          errNotRegular,
		large:                        ErrTooLarge,
		filepath.Join(dir, "nobody"): fs.ErrNotExist,
	} {
		text, err := Read(path)
		var at *fs.PathError
		if !errors.Is(err, want) || !errors.As(err, &at) || at.Path != path || text != nil {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
}
