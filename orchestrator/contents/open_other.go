//go:build !linux && !darwin && !freebsd && !netbsd

package contents

import (
	"errors"
	"io"
	"os"
)

// file is an open file.
type file struct{ *os.File }

// open opens a file for reading. What is neither a file nor a directory may
// block whoever opens it. Whoever opens it closes it.
func open(path string) (file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return file{}, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return file{}, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	return file{f}, err
}

func (f file) close() { f.Close() }

// read returns 0 at the end.
func (f file) read(buf []byte) (n int, err error) {
	n, err = f.Read(buf)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f file) stat() (stat, error) {
	info, err := f.Stat()
	if err != nil {
		return stat{}, err
	}
	mode := info.Mode()
	return stat{
		dir: mode.IsDir(), regular: mode.IsRegular(), executable: mode&0o111 != 0,
		size: info.Size(), modified: info.ModTime(),
	}, nil
}
