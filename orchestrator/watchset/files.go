package watchset

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Files walks the disk for every file that wakes somebody, each at least once.
// What cannot be read is passed over.
func (s *Set) Files() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, root := range s.Roots() {
			info, err := os.Stat(root)
			switch {
			case err != nil:
				continue
			case !info.IsDir():
				if s.Wants(root) && !yield(root) {
					return
				}
				continue
			}
			done := false
			_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				switch {
				case err != nil && d != nil && d.IsDir():
					return filepath.SkipDir
				case err != nil:
					return nil
				case d.IsDir() && path != root && !s.Descend(path):
					return filepath.SkipDir
				case !d.IsDir() && s.Wants(path) && !yield(path):
					done = true
					return filepath.SkipAll
				}
				return nil
			})
			if done {
				return
			}
		}
	}
}
