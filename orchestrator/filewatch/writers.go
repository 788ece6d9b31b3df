package filewatch

import "time"

// Writers are remembered for writerKept: an emptied file counts as changed only once it has content, or has
// been empty for a while.
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

// note records the nodes that have written the file.
func (w writers) note(path string, nodes []int) {
	if len(nodes) == 0 {
		return
	}
	if len(w) > mostWritten { // of files whose content did not change
		clear(w)
	}
	w[path] = written{nodes, time.Now()}
}

// take returns the nodes that have written the file, as far as that was seen.
func (w writers) take(path string) []int {
	found, seen := w[path]
	delete(w, path)
	if !seen || time.Since(found.at) > writerKept {
		return nil
	}
	return found.nodes
}
