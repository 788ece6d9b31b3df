package runner

import (
	"slices"
	"strings"
)

// changedCap is how many bytes of paths an environment variable carries: the
// system limits a single one to 128 KiB, and all of them together with the
// arguments.
const changedCap = 32 << 10

// changedList is the file that tells a command what had changed when it was
// started. It lives until the loop ends, or until the node has no use for it.
type changedList struct {
	node string
	num  int // the run or the generation
	past int // the last one whose list nobody reads any more
}

// setChanged lets a command know what has changed: a run's stages, or a
// generation. The list is written by scratch.write, before its start.
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

// withNUL is the file beside a list of changed paths that holds them with a NUL
// after each: a name may hold any other character.
func withNUL(file string) string { return file + "0" }

// ofALine leaves out the paths that would be taken for several where each has a
// line.
func ofALine(paths []string) []string {
	if !slices.ContainsFunc(paths, ofLines) {
		return paths
	}
	return slices.DeleteFunc(slices.Clone(paths), ofLines)
}

func ofLines(path string) bool { return strings.ContainsAny(path, "\n\r") }

// ended joins the paths, each with this after it.
func ended(paths []string, with string) string {
	if len(paths) == 0 {
		return ""
	}
	return strings.Join(paths, with) + with
}
