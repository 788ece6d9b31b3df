//go:build !linux && !darwin && !freebsd && !netbsd

package plainfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// File is an open file.
type File struct{ *os.File }

// Open opens a file for reading. What is neither a file nor a directory may
// block whoever opens it. Whoever opens it closes it.
func Open(path string) (File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return File{}, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	return File{f}, err
}

// Close closes the file.
func (f File) Close() { f.File.Close() }

// Read returns 0 at the end.
func (f File) Read(buf []byte) (n int, err error) {
	n, err = f.File.Read(buf)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// Stat asks about the open file.
func (f File) Stat() (Stat, error) { return convert(f.File.Stat()) }

// Lstat asks about a path, which may be a symbolic link.
func Lstat(path string) (Stat, error) { return convert(os.Lstat(path)) }

// Follow asks about what a path leads to.
func Follow(path string) (Stat, error) { return convert(os.Stat(path)) }

// convert knows no inodes here, and not when a file was changed.
func convert(info fs.FileInfo, err error) (Stat, error) {
	if err != nil {
		return Stat{}, err
	}
	mode := info.Mode()
	out := Stat{Executable: mode&0o111 != 0, Size: info.Size(), Modified: info.ModTime().UnixNano()}
	switch {
	case mode.IsRegular():
		out.Kind = Regular
	case mode.IsDir():
		out.Kind = Directory
	case mode&fs.ModeSymlink != 0:
		out.Kind = Link
	}
	return out, nil
}
