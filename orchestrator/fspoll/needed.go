package fspoll

import (
	"path/filepath"
	"slices"
	"strings"
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

// Below lists the file systems mounted below a directory that need polling, in the order of their paths; one that
// lies within another such is left out. They are found in the system's table of mounts, and none of them is asked:
// one whose server is gone would not answer. A mount that comes later is not noticed.
func Below(dir string) (mounts []Mount) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	return outermost(mountsBelow(real), real, dir)
}

// outermost makes the list of Below: the path of each mount begins with real, and dir is its other name.
func outermost(kinds map[string]string, real, dir string) (mounts []Mount) {
	var paths []string
	for path, kind := range kinds {
		if kind != "" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	last := ""
	for _, path := range paths {
		if last != "" && strings.HasPrefix(path, last+string(filepath.Separator)) {
			continue
		}
		last = path
		rel, err := filepath.Rel(real, path)
		if err == nil {
			mounts = append(mounts, Mount{filepath.Join(dir, rel), kinds[path]})
		}
	}
	return mounts
}
