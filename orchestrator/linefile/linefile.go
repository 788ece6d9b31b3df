// Package linefile keeps the last lines of a file that several processes add to, whatever the lines say. A line that was
// not written to its end, because the system went down, does not count.
package linefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mostBytes is how large a file gets, if its lines are long.
const mostBytes = 1 << 20

// Read returns the lines, the oldest first, without their ends. A file that does not exist has none.
func Read(path string) ([][]byte, error) {
	f, err := open(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	lines, _, err := read(f)
	return lines, err
}

// Append adds a line, which has no end yet. If the file then had more than so many lines, it loses the oldest fifth. The
// file, and directories that are missing, are for this user only.
func Append(path string, line []byte, most int) error {
	if err := add(path, line, most); err != nil {
		return fmt.Errorf("add to %s: %w", path, err)
	}
	return nil
}

func add(path string, line []byte, most int) error {
	if len(line) >= mostBytes {
		return errors.New("the line is too long")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := lock(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines, torn, err := read(f)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if len(lines) >= most || torn || info.Size()+int64(len(line)) > mostBytes || info.Mode().Perm() != 0o600 {
		return replace(path, shorten(append(lines, line), most))
	}
	if _, err := f.WriteAt(append(bytes.Clone(line), '\n'), info.Size()); err != nil {
		_ = f.Truncate(info.Size()) // else the line is a torn one, which is as good
		return err
	}
	return nil
}

// lock opens the file, and holds it alone. It may have to wait for another process that adds a line.
func lock(path string) (*os.File, error) {
	for {
		f, err := open(path, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return nil, err
		}
		if err := hold(f); err != nil {
			f.Close()
			return nil, err
		}
		opened, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		if named, err := os.Lstat(path); err == nil && os.SameFile(opened, named) {
			return f, nil
		}
		f.Close() // another process has replaced it meanwhile
	}
}

// read reads the lines of a file, and whether the last one is torn.
func read(f *os.File) (lines [][]byte, torn bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, errors.New("it is no file")
	}
	from := max(0, info.Size()-mostBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, mostBytes))
	if err != nil {
		return nil, false, err
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, newline)
	}
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, newline)
		if !whole {
			return lines, true, nil
		}
		lines, text = append(lines, line), rest
	}
	return lines, false, nil
}

var newline = []byte{'\n'}

// shorten leaves the last lines: four fifths of what there may be, if there are too many.
func shorten(lines [][]byte, most int) [][]byte {
	if len(lines) > most {
		lines = lines[len(lines)-max(1, most*4/5):]
	}
	size := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if size += len(lines[i]) + 1; size > mostBytes {
			return lines[i+1:]
		}
	}
	return lines
}

// replace writes the file anew: at no moment is there less than what was or what is to be.
func replace(path string, lines [][]byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // if it still has that name
	_, err = f.Write(append(bytes.Join(lines, newline), '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
