package filewatch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"devloop/orchestrator/control"
)

// Own knows what devloop itself writes: its output files and its temporary directories. Where they lie below
// what is watched (TMPDIR in the project, `devloop > out.txt`), writing them is not a change. They are
// identified by inode, not by name, so links to them and a renamed log still count; only removed ones are
// known by name.
type Own struct {
	mu    sync.Mutex // guards what follows
	files []os.FileInfo
	named map[string]int    // those of Stream, by control.FileID: how often
	dirs  map[string]ownDir // by real path
	bases map[string]bool   // the last elements of dirs: few other directories have one of them

	made, gone func(path string) // see Follow
}

type ownDir struct {
	info os.FileInfo // nil if it could not be looked at
}

// Follow sets functions that are called for directories that devloop makes and removes again. It is called
// before there is one.
func (o *Own) Follow(made, gone func(path string)) { o.made, o.gone = made, gone }

// File adds a file that devloop's output goes to.
func (o *Own) File(info os.FileInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files = append(o.files, info)
}

// Stream adds a file that another process of devloop's writes, as `devloop logs -f >file` does, until it is over.
func (o *Own) Stream(id string) (over func()) {
	add := func(n int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.named == nil {
			o.named = map[string]int{}
		}
		if o.named[id] += n; o.named[id] == 0 {
			delete(o.named, id)
		}
	}
	add(1)
	return func() { add(-1) }
}

// Dir adds a directory of devloop's own; "" is none.
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

// Temporary adds a directory that devloop has made for itself and removes again; "" is none.
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

// wrote tells whether devloop itself has changed the file.
func (o *Own) wrote(path string) bool {
	if o.isDir(path) || o.isDir(filepath.Dir(path)) || o.within(path) {
		return true
	}
	o.mu.Lock()
	none := len(o.files)+len(o.named) == 0
	o.mu.Unlock()
	if none {
		return false
	}
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.named) > 0 && o.named[control.FileID(info)] > 0 ||
		slices.ContainsFunc(o.files, func(f os.FileInfo) bool { return os.SameFile(f, info) })
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
