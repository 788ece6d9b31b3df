package fspoll

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Needed tells whether polling is needed for a directory, or for what will be there, because its file system gives no
// events of changes by others, and names that. Unknown kinds count as giving events.
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

// Remote is the kind of file system for which polling is needed, "" where it is not.
func Remote(dir string) (kind string) {
	_, kind = remoteKind(dir)
	return kind
}

// Mount is a mount at or below a path that gives no events: a file system that others change, or a single file, whose
// events are those of the directory where it comes from.
type Mount struct {
	Path string // where it is mounted, at or below the path as it was given
	Kind string // of the file system, in its common name; "" for a single file
}

// silent is the kind of a mount whose file system does not respond.
const silent = "silent"

// Reason says why polling is needed there.
func (m Mount) Reason() string {
	switch m.Kind {
	case silent:
		return m.Path + ": the file system does not respond"
	case "":
		return m.Path + " is a mounted file, for which the system reports no changes"
	}
	return noEvents(m.Path, m.Kind)
}

// mountKinds are the mounts by their paths: the common names of file systems that need polling, "" for others.
type mountKinds map[string]string

// below lists the mounts that need polling and lie below a path, or at it if it is a file, in the order of their paths,
// without those that lie within another. No file system that needs polling is asked: its server may be gone.
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

// Within tells whether a path is a directory or lies below it, and the rest of the path; both are free of links.
func Within(path, dir string) (rel string, within bool) {
	rel, err := filepath.Rel(dir, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// within tells whether a path lies below a directory, and the rest of the path.
func within(path, dir string) (rel string, below bool) {
	rel, below = Within(path, dir)
	return rel, below && rel != "."
}
