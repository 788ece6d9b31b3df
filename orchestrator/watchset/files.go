package watchset

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// Files walks the disk for every file that wakes somebody, each at least once,
// and through symbolic links as the watching does. What cannot be read is passed
// over, and so is, without being asked, what is in except.
func (s *Set) Files(except ...string) iter.Seq[string] {
	descend := func(dir string) bool { return !slices.Contains(except, dir) && s.Descend(dir) }
	return func(yield func(string) bool) {
		for _, root := range s.Roots() {
			if slices.Contains(except, root) {
				continue
			}
			info, err := os.Stat(root)
			switch {
			case err != nil || LeafLink(root):
			case info.IsDir():
				if !s.walk(root, false, descend, yield) {
					return
				}
			case s.Wants(root) && !yield(root):
				return
			}
		}
	}
}

// walk is false when nobody wants more.
func (s *Set) walk(dir string, within bool, descend, yield func(string) bool) bool {
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
		case isDir && descend(path):
			if !s.walk(path, behind, descend, yield) {
				return false
			}
		case !isDir && s.Wants(path) && !yield(path):
			return false
		}
	}
	return true
}
