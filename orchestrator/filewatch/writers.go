package filewatch

import "time"

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
