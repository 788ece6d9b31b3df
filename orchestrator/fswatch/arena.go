package fswatch

import (
	"os"
	"unsafe"
)

// arena allocates paths and nodes in larger pieces. They live as long as the tree; allocated one by one they
// would be scattered among what a walk throws away, and keep that memory from being released. A piece is kept
// as long as anything in it is. An arena serves one goroutine at a time.
type arena struct {
	text  []byte
	nodes []node
}

const (
	textPiece = 16 << 10
	nodePiece = 128
)

// join is filepath.Join of a clean directory and a name; the string may be kept.
func (a *arena) join(dir string, name []byte) string {
	need := len(dir) + len(separator) + len(name)
	if need > textPiece/8 {
		return join(dir, string(name))
	}
	if cap(a.text)-len(a.text) < need {
		a.text = make([]byte, 0, textPiece)
	}
	from := len(a.text)
	a.text = append(a.text, dir...)
	if !os.IsPathSeparator(a.text[len(a.text)-1]) {
		a.text = append(a.text, separator...)
	}
	a.text = append(a.text, name...)
	// This part of the piece is never written again.
	made := a.text[from:]
	return unsafe.String(unsafe.SliceData(made), len(made))
}

// node is a new node.
func (a *arena) node() *node {
	if len(a.nodes) == 0 {
		a.nodes = make([]node, nodePiece)
	}
	n := &a.nodes[0]
	a.nodes = a.nodes[1:]
	return n
}
