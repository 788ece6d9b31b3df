package fspoll

import (
	"maps"
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
	return path + " is on a file system (" + kind + ") that gives no events of changes made elsewhere"
}

// Remote is the kind of the file system for which Needed says that polling is needed, "" where it is not.
func Remote(dir string) (kind string) {
	_, kind = remoteKind(dir)
	return kind
}

// Mount is a file system that is mounted below a directory, and gives no events of what others change.
type Mount struct {
	Path string // where it is mounted, below the directory as it was given
	Kind string // as people call it
}

// Reason says why polling is needed there.
func (m Mount) Reason() string { return noEvents(m.Path, m.Kind) }

// Mounts are the mounted file systems that need polling: what people call them, by their paths.
type Mounts map[string]string

// ReadMounts reads the system's table of mounts. None of them is asked: one whose server is gone would not answer.
// [MountTable] tells of what comes later.
func ReadMounts() Mounts {
	all := mounts()
	maps.DeleteFunc(all, func(_, kind string) bool { return kind == "" })
	return all
}

// Below lists those that lie below a directory, in the order of their paths; one that lies within another such is left
// out.
func (m Mounts) Below(dir string) []Mount {
	if len(m) == 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	return m.below(real, dir)
}

// below is Below for a directory whose path has no links; dir is its other name.
func (m Mounts) below(real, dir string) (list []Mount) {
	last := ""
	for _, path := range slices.Sorted(maps.Keys(m)) {
		rel, below := within(path, real)
		if _, nested := within(path, last); !below || last != "" && nested {
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
