package watchset

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema"
)

// Files walks the disk for every file that wakes somebody, each at least once,
// and through symbolic links as the watching does. What cannot be read is passed
// over, and so is, without being asked, what is in except.
func (s *Set) Files(except ...string) iter.Seq[string] {
	w := walker{wants: s.Wants, descend: func(dir string) bool { return !slices.Contains(except, dir) && s.Descend(dir) }}
	return func(yield func(string) bool) {
		for path, err := range w.files(slices.DeleteFunc(s.Roots(), func(root string) bool { return slices.Contains(except, root) })) {
			if err == nil && !yield(path) {
				return
			}
		}
	}
}

// Inputs walks the disk for the files that a stage of a watcher reads, as Files
// does: those that its patterns match, or without any, what wakes the watcher. The
// rules are those of its `watch`: its `ignore` does not count for patterns of the
// stage, but what git ignores does. What the stage makes, in outputs, is left
// out, as are triggers. A directory that cannot be read, or a path of the disk that
// is in silent and does not respond, comes as an error.
func (s *Set) Inputs(node int, patterns []schema.Pattern, outputs, silent []string) iter.Seq2[string, error] {
	v := s.views[node]
	if len(patterns) > 0 {
		v = view{watch: patterns, git: v.git}
	}
	made := make([]string, len(outputs))
	for i, path := range outputs {
		made[i] = filepath.ToSlash(path)
	}
	makes := func(path string) bool {
		return slices.ContainsFunc(made, func(dir string) bool {
			rest, in := strings.CutPrefix(path, dir)
			return in && (rest == "" || rest[0] == '/')
		})
	}
	w := walker{
		wants: func(path string) bool {
			path = filepath.ToSlash(path)
			return !s.triggers[path] && s.sees(&v, path).Wakes && !makes(path)
		},
		descend: func(dir string) bool {
			dir = filepath.ToSlash(dir)
			return s.below(&v, dir).Wakes && !makes(dir)
		},
		silent: silent,
	}
	return w.files((&Set{views: []view{v}}).Roots())
}

// walker goes through directories.
type walker struct {
	wants, descend func(path string) bool
	silent         []string // places that do not respond: an error, where it comes to them
}

// files are the files that are wanted, and what could not be read.
func (w *walker) files(roots []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, root := range roots {
			if !w.root(root, yield) {
				return
			}
		}
	}
}

// root is false when nobody wants more, as walk is.
func (w *walker) root(root string, yield func(string, error) bool) bool {
	if slices.Contains(w.silent, root) {
		return yield(root, errSilent(root))
	}
	info, err := os.Stat(root)
	switch {
	case LeafLink(root), errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil:
		return yield(root, err)
	case info.IsDir():
		return w.walk(root, false, yield)
	}
	return !w.wants(root) || yield(root, nil)
}

func (w *walker) walk(dir string, within bool, yield func(string, error) bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || yield(dir, err)
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
		case isDir && w.descend(path):
			if slices.Contains(w.silent, path) {
				if !yield(path, errSilent(path)) {
					return false
				}
				continue
			}
			if !w.walk(path, behind, yield) {
				return false
			}
		case !isDir && w.wants(path) && !yield(path, nil):
			return false
		}
	}
	return true
}

func errSilent(path string) error {
	return &fs.PathError{Op: "read", Path: path, Err: errors.New("the file system does not respond")}
}
