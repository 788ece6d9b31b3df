package runner

import (
	"slices"
	"strings"
)

// changedCap is how many bytes of paths an environment variable carries: the
// system limits a single one to 128 KiB, and all of them together with the
// arguments.
const changedCap = 32 << 10

// changedList is the file with the changed paths that a command was started for. It exists until the loop
// ends, or until the node no longer needs it.
type changedList struct {
	node string
	num  int // the run or the generation
	past int // the last one whose list is no longer read
}

// setChanged tells a command what has changed: a run's stages, or a generation. scratch.write writes the list
// before the start.
func (b *builder) setChanged(e *environ, list changedList, paths []string) {
	file := b.files.path(list.num, list.node)
	e.set("DEVLOOP_CHANGED", capped(ofALine(paths)))
	e.set("DEVLOOP_CHANGED_FILE", file)
	e.set("DEVLOOP_CHANGED_FILE0", withNUL(file))
}

// capped joins as many whole paths as fit.
func capped(paths []string) string {
	size := 0
	for i, p := range paths {
		if size += len(p) + 1; size > changedCap {
			return strings.Join(paths[:i], "\n")
		}
	}
	return strings.Join(paths, "\n")
}

// withNUL is a second file with the same paths, each followed by a NUL: a name may contain any other
// character.
func withNUL(file string) string { return file + "0" }

// ofALine leaves out paths with a newline, which would be taken for several.
func ofALine(paths []string) []string {
	if !slices.ContainsFunc(paths, ofLines) {
		return paths
	}
	return slices.DeleteFunc(slices.Clone(paths), ofLines)
}

func ofLines(path string) bool { return strings.ContainsAny(path, "\n\r") }

// ended joins the paths, with this after each.
func ended(paths []string, with string) string {
	if len(paths) == 0 {
		return ""
	}
	return strings.Join(paths, with) + with
}
