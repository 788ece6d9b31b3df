// Package smallfile reads the small files that people name: devloop.yaml, an env
// file, a .gitignore. Whatever stands in such a place, reading it neither waits
// for anybody nor fills the memory: only a regular file of bounded size is read.
package smallfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Limit is the size up to which a file is read, in bytes: no person writes a
// megabyte of configuration.
const Limit = 1 << 20

// The reasons why a file is not read, for errors.Is. Their words say what is
// there, so they stand well behind the file's name and a colon.
var (
	errNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("more than 1 MiB")
)

// Read returns what a regular file of at most Limit bytes holds. Use it instead
// of os.ReadFile wherever the name of the file, or what stands under that name,
// is somebody else's choice. Symbolic links are followed.
//
// A directory, a FIFO, a socket or a device is refused by its type, without
// being opened: opening can already wait, or mean something. The error is then
// errNotRegular, that of a larger file is ErrTooLarge; every error is an
// *fs.PathError with the path as it was given, and errors.Is knows
// fs.ErrNotExist as ever.
//
// A file system that hangs, such as a network mount whose server is gone, makes
// Read hang with it: whoever may not wait calls it in a goroutine of its own.
func Read(path string) ([]byte, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := make([]byte, 0, info.Size()+1)
	// A file of /proc has a size of 0 and a content all the same, and any file
	// may grow while it is read.
	for len(text) <= Limit {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := f.Read(text[len(text):min(cap(text), Limit+1)])
		text = text[:len(text)+n]
		switch {
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err // an *fs.PathError
		}
	}
	return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
}

// open opens what Read would read, and tells its size; the caller
// closes it. Its errors are those of Read.
func open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := Usable(info); err != nil {
		return nil, nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	// Something else may stand there by now: the open does not wait for it, and
	// what has been opened is looked at again.
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = Usable(info)
	}
	if err != nil {
		f.Close()
		return nil, nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, info, nil
}

// Usable tells from what os.Stat has found why a file is not to be opened: it is
// none, or too large. The error says what it is, and is errNotRegular or
// ErrTooLarge.
func Usable(info fs.FileInfo) error {
	mode := info.Mode()
	var kind string
	switch {
	case mode.IsRegular() && info.Size() <= Limit:
		return nil
	case mode.IsRegular():
		return ErrTooLarge
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		return errNotRegular
	}
	return fmt.Errorf("%s, %w", kind, errNotRegular)
}
