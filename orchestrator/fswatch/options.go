package fswatch

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Options says what to watch.
type Options struct {
	// Roots are absolute paths of directories, watched with all that Descend lets in, or of files. They may
	// overlap, may not exist yet, and may disappear and come back as something else.
	Roots []string
	// Descend tells whether to walk and watch a directory below a root; a root is always entered. It is
	// called from several goroutines, must be quick, and must not call the Watcher. nil lets everything in.
	Descend func(dir string) bool
	// Want tells whether changes of a path are to be reported, roots included. It is called from several
	// goroutines, must be quick (the watcher does nothing else meanwhile), and must not call the Watcher. It
	// may be asked about removed directories. nil wants everything.
	Want func(path string) bool
	// Leaf tells of a real path that nothing is to be looked for there, such as /proc. No link is followed to
	// it, and no walk from a root above enters it. It is called from several goroutines, and must not access
	// the disk. nil names nothing.
	Leaf func(real string) bool
}

// complete checks the options, and fills in defaults.
func (opt Options) complete() (Options, error) {
	var roots []string
	for _, root := range opt.Roots {
		if !filepath.IsAbs(root) {
			return opt, fmt.Errorf("watch %s: the path is not absolute", root)
		}
		roots = append(roots, filepath.Clean(root))
	}
	slices.Sort(roots)
	opt.Roots = slices.Compact(roots)
	if opt.Descend == nil {
		opt.Descend = func(string) bool { return true }
	}
	if opt.Want == nil {
		opt.Want = func(string) bool { return true }
	}
	if opt.Leaf == nil {
		opt.Leaf = func(string) bool { return false }
	}
	return opt, nil
}
