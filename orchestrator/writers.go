package orchestrator

import (
	"path/filepath"
	"slices"
	"time"
)

// It is remembered for writerKept who had a file open: a file that was emptied
// counts as changed only once it has content, or has had none for a while.
const (
	writerKept  = time.Second
	mostWritten = 1000
)

// writers remembers which nodes had a command that wrote a file.
type writers map[string]written

type written struct {
	nodes []int
	at    time.Time
}

// lookForWriter finds out which commands have the file open for writing, if the
// machine suspects that one of them is what keeps changing it. nodes are those that it wakes.
func (l *loop) lookForWriter(path string, nodes []int) {
	if !slices.ContainsFunc(nodes, l.machine.Suspects) {
		return
	}
	real := path
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		real = filepath.Join(dir, filepath.Base(path))
	}
	var found []int
	for key, c := range l.live {
		if c.group != nil && c.group.Writes(real) {
			found = append(found, key.node)
		}
	}
	if len(l.writers) > mostWritten { // of files that held the same as before
		clear(l.writers)
	}
	if len(found) > 0 {
		l.writers[path] = written{found, time.Now()}
	}
}

// take returns who has written the file, as far as that was seen.
func (w writers) take(path string) []int {
	found, seen := w[path]
	delete(w, path)
	if !seen || time.Since(found.at) > writerKept {
		return nil
	}
	return found.nodes
}
