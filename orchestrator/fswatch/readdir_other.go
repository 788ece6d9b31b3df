//go:build !linux

package fswatch

import (
	"io/fs"
	"os"
)

// ordered: the events of different directories come in no reliable order.
const ordered = false

// emptyWhenRemoved: a directory that was moved away may be reported as removed, without its files.
const emptyWhenRemoved = false

// reader lists directories.
type reader struct{ arena arena }

// read calls found for each entry. The name is valid during the call only.
func (r *reader) read(dir string, found func(name []byte, kind kind, inode uint64)) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	for _, entry := range entries {
		k := file
		switch {
		case entry.IsDir():
			k = directory
		case entry.Type()&fs.ModeSymlink != 0:
			k = symlink
		}
		found([]byte(entry.Name()), k, 0)
	}
	return err
}

// inodeOf: watches belong to paths here, so meeting a directory at another path does no harm.
func inodeOf(fs.FileInfo) uint64 { return 0 }
