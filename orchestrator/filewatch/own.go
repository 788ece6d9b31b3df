package filewatch

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Own knows what devloop itself writes: the files that its output goes to, and
// its directories for what is of the moment. Where they lie below what is watched
// (TMPDIR in the project, `devloop > out.txt`), writing them is no change. They
// are known by what they are, not by their names: a link leads to them, too, and
// a log that was moved away and is written on is still one. Only of what is not
// there any more is the name all that is known.
type Own struct {
	mu    sync.Mutex // guards what follows
	files []os.FileInfo
	dirs  map[string]ownDir // by real path
	bases map[string]bool   // the last elements of dirs: few other directories have one of them

	made, gone func(path string) // see Follow
}

type ownDir struct {
	info os.FileInfo // nil if it could not be looked at
}

// Follow has somebody told of directories that devloop has made for itself alone and
// removes again. It is called before there is one.
func (o *Own) Follow(made, gone func(path string)) { o.made, o.gone = made, gone }

// File takes in a file that devloop's output goes to.
func (o *Own) File(info os.FileInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files = append(o.files, info)
}

// Dir takes in a directory of devloop's own; "" is none.
func (o *Own) Dir(path string) {
	if path == "" {
		return
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Lstat(path)
	if err != nil {
		info = nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dirs == nil {
		o.dirs, o.bases = map[string]ownDir{}, map[string]bool{}
	}
	o.dirs[path] = ownDir{info}
	o.bases[filepath.Base(path)] = true
}

// Temporary takes in a directory that devloop has made for itself and removes
// again; "" is none.
func (o *Own) Temporary(path string) {
	o.Dir(path)
	if path != "" && o.made != nil {
		o.made(path)
	}
}

// Removed forgets a directory of devloop's own that is gone.
func (o *Own) Removed(path string) {
	if o.gone != nil {
		o.gone(path)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(real, filepath.Base(path))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.dirs, path)
	delete(o.bases, filepath.Base(path))
}

// isDir tells whether the directory is one of devloop's own.
func (o *Own) isDir(path string) bool {
	o.mu.Lock()
	named := o.bases[filepath.Base(path)]
	_, known := o.dirs[path]
	o.mu.Unlock()
	if !named || known {
		return named && known
	}
	info, err := os.Stat(path) // without the lock: it may take long
	if err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.dirs {
		if d.info != nil && os.SameFile(d.info, info) {
			return true
		}
	}
	return false
}

// wrote tells whether a change of the file is devloop's own doing.
func (o *Own) wrote(path string) bool {
	if o.isDir(path) || o.isDir(filepath.Dir(path)) || o.within(path) {
		return true
	}
	o.mu.Lock()
	files := o.files
	o.mu.Unlock()
	if len(files) == 0 {
		return false
	}
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, f := range files {
		if os.SameFile(f, info) {
			return true
		}
	}
	return false
}

// within tells whether the path lies deep in one of the directories, by name.
func (o *Own) within(path string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for dir := range o.dirs {
		if strings.HasPrefix(path, dir+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// outside is descend without devloop's own directories.
func (o *Own) outside(descend func(string) bool) func(string) bool {
	return func(dir string) bool { return descend(dir) && !o.isDir(dir) }
}
