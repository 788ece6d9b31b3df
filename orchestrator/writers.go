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

// writing is who may be writing now; nil if no command runs. The function finds out
// which nodes have a command with the file open for writing, if the machine suspects
// one of the nodes that the file wakes of changing what it watches, or if these are
// nil. It may be called by any goroutine.
func (l *loop) writing() func(path string, wakes []int) (nodes []int) {
	var suspects []int
	for node := range l.graph.Nodes {
		if l.machine.Suspects(node) {
			suspects = append(suspects, node)
		}
	}
	groups := l.runner.Groups()
	if len(groups) == 0 {
		return nil
	}
	return func(path string, wakes []int) (nodes []int) {
		if wakes != nil && !slices.ContainsFunc(wakes, func(node int) bool { return slices.Contains(suspects, node) }) {
			return nil
		}
		real := path
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			real = filepath.Join(dir, filepath.Base(path))
		}
		for group, node := range groups {
			if group.Writes(real) {
				nodes = append(nodes, node)
			}
		}
		return nodes
	}
}

// note remembers who has written the file, if anybody has.
func (w writers) note(path string, nodes []int) {
	if len(nodes) == 0 {
		return
	}
	if len(w) > mostWritten { // of files that held the same as before
		clear(w)
	}
	w[path] = written{nodes, time.Now()}
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
