package fspoll

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Needed says whether polling is needed for a directory, or for what will be there, because it lies on a file
// system that gives no events of what others change, and names that. A kind that is not known gives events.
func Needed(dir string) (reason string, needed bool) {
	there, kind := remoteKind(dir)
	if kind == "" {
		return "", false
	}
	return noEvents(there, kind), true
}

func noEvents(path, kind string) string {
	return path + " is on a file system (" + kind + ") that does not report changes made elsewhere"
}

// Remote is the kind of the file system for which Needed says that polling is needed, "" where it is not.
func Remote(dir string) (kind string) {
	_, kind = remoteKind(dir)
	return kind
}

// Mount is what is mounted at or below a path, and gives no events of what changes: a file system whose files others
// change, or a single file, whose events are those of the directory where it comes from.
type Mount struct {
	Path string // where it is mounted, at or below the path as it was given
	Kind string // of the file system, as people call it; "" for a single file
}

// Reason says why polling is needed there.
func (m Mount) Reason() string {
	if m.Kind == "" {
		return m.Path + " is a mounted file, for which the system reports no changes"
	}
	return noEvents(m.Path, m.Kind)
}

// mountKinds is what is mounted: what people call file systems that need polling, "" for others, by their paths.
type mountKinds map[string]string

// below lists the mounts that need polling and lie below a path, or at it if it is a file, in the order of their paths; one
// that lies within another such is left out. No file system is asked that needs polling: one whose server is gone
// would not answer.
func (m mountKinds) below(dir string) []Mount {
	if len(m) == 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	return m.belowReal(real, dir, isFile)
}

func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && !info.IsDir()
}

// belowReal is below for a path that has no links; dir is its other name.
func (m mountKinds) belowReal(real, dir string, isFile func(path string) bool) (list []Mount) {
	last := ""
	for _, path := range slices.Sorted(maps.Keys(m)) {
		rel, below := Within(path, real)
		if _, nested := within(path, last); !below || last != "" && nested {
			continue
		}
		if single := m[path] == "" && isFile(path); !single && (m[path] == "" || rel == ".") {
			continue
		}
		last = path
		list = append(list, Mount{filepath.Join(dir, rel), m[path]})
	}
	return list
}

// Within tells whether a path is a directory or lies below it, and how it goes on there; both are free of links.
func Within(path, dir string) (rel string, within bool) {
	rel, err := filepath.Rel(dir, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// within tells whether a path lies below a directory, and how it goes on there.
func within(path, dir string) (rel string, below bool) {
	rel, below = Within(path, dir)
	return rel, below && rel != "."
}
