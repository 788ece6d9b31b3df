package watchset

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Files walks the disk for every file that wakes somebody, each at least once,
// and through symbolic links as the watching does. What cannot be read is passed
// over.
func (s *Set) Files() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, root := range s.Roots() {
			info, err := os.Stat(root)
			switch {
			case err != nil || LeafLink(root):
			case info.IsDir():
				if !s.walk(root, false, yield) {
					return
				}
			case s.Wants(root) && !yield(root):
				return
			}
		}
	}
}

// walk is false when nobody wants more.
func (s *Set) walk(dir string, within bool, yield func(string) bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return true
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		isDir, behind := e.IsDir(), within
		if e.Type()&fs.ModeSymlink != 0 && isDirLink(path) {
			if !enters(path, within) {
				continue
			}
			isDir, behind = true, true
		}
		switch {
		case isDir && s.Descend(path):
			if !s.walk(path, behind, yield) {
				return false
			}
		case !isDir && s.Wants(path) && !yield(path):
			return false
		}
	}
	return true
}
