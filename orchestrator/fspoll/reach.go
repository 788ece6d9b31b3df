package fspoll

import "path/filepath"

// Reach is what is watched below a root: which directories, and which files.
type Reach struct {
	Descend, Want func(path string) bool

	// Silent are mounts, by their paths without links, whose file systems do not
	// respond: they need polling, which bears that.
	Silent []string
}

// Mounts lists what is mounted at or below the roots within reach and needs
// polling, each once.
func (r Reach) Mounts(roots []string) []Mount {
	var list []Mount
	table, seen := mounts(), map[string]bool{}
	for _, at := range r.Silent {
		table[at] = silent
	}
	for _, root := range roots {
		for _, m := range table.below(root) {
			if (m.Kind == silent || r.Reaches(m.Path, root)) && !seen[m.Path] {
				seen[m.Path] = true
				list = append(list, m)
			}
		}
	}
	return list
}

// Reaches tells whether a directory below a root is looked into, or a file there
// is wanted.
func (r Reach) Reaches(path, root string) bool {
	if path == root || r.enters(path, root) {
		return true
	}
	return r.Want(path) && r.enters(filepath.Dir(path), root)
}

func (r Reach) enters(dir, root string) bool {
	for ; dir != root; dir = filepath.Dir(dir) {
		if !r.Descend(dir) {
			return false
		}
	}
	return true
}
