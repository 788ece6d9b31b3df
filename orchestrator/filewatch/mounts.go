package filewatch

import (
	"path/filepath"

	"devloop/orchestrator/fspoll"
)

// mounts reports mounts and unmounts where files are watched.
type mounts struct {
	table *fspoll.MountTable // nil where the system does not tell
	roots map[string]string  // what is watched, and the paths without links: after an unmount it may be too late to ask
}

// openMounts begins to look at the table of mounts.
func openMounts(roots map[string]string) (m mounts) {
	if table, err := fspoll.OpenMountTable(); err == nil { // without it, mounts are not reported
		m.table, m.roots = table, roots
	}
	return m
}

func (m *mounts) close() error {
	if m.table == nil {
		return nil
	}
	return m.table.Close()
}

// unlinked is a path with its links resolved, also if its end does not exist.
func unlinked(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if up := filepath.Dir(path); up != path {
		return filepath.Join(unlinked(up), filepath.Base(path))
	}
	return path
}

// placesOf are the mounts that lie below the roots within reach, and those that a root lies on.
func placesOf(roots map[string]string, mounts []string, reach fspoll.Reach) (places []string) {
	for _, at := range mounts {
		for root, real := range roots {
			_, on := fspoll.Within(real, at)
			rel, below := fspoll.Within(at, real)
			if on || below && reach.Reaches(filepath.Join(root, rel), root) {
				places = append(places, at)
				break
			}
		}
	}
	return places
}
