//go:build !linux && !darwin && !freebsd

package cas

import (
	"errors"
	"io/fs"
	"os"
)

func private(info fs.FileInfo) error {
	if !info.IsDir() {
		return errors.New("it is no directory")
	}
	return nil
}

func openEntry(path string) (*os.File, error) { return os.Open(path) }

func openTemporary(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

func lock(*os.File) bool { return true }

func alone(*os.File) bool { return false }

// abandoned need not know: a file that is open cannot be removed here.
func abandoned(*os.File) bool { return true }

func moveOpen(f *os.File, path string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func clone(to temporary, _ *os.File) (temporary, bool) { return to, false }

func same(a, b fs.FileInfo) bool { return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) }
