package filewatch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"sync"
)

// names knows the paths of the watched files, for the one question that nothing
// else answers: which files a directory had that has gone. In a large tree they
// are many, and are hardly ever asked for: they are kept packed, in some four
// bytes a file. What has changed since they were taken in is kept beside them.
//
// It is safe for concurrent use.
type names struct {
	mu     sync.Mutex // guards what follows
	packed []byte     // see packer; nil: they are not known yet
	late   map[string]struct{}
}

// mostLate is how many files may come to be known one by one. When there are
// more, the next lesson brings them.
const mostLate = 4096

// replace takes in what a packer has, instead of all that was known.
func (n *names) replace(packed []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packed, n.late = packed, nil
}

// add takes in a file that has changed: it may be a new one.
func (n *names) add(path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.late == nil {
		n.late = map[string]struct{}{}
	}
	if len(n.late) < mostLate {
		n.late[path] = struct{}{}
	}
}

// below lists the files that are known in some directories that have gone, and
// that are not there now, each once.
func (n *names) below(dirs []string) (files []string) {
	n.mu.Lock()
	packed := n.packed
	seen := map[string]bool{}
	look := func(path string) {
		for _, dir := range dirs {
			if rest, ok := strings.CutPrefix(path, dir); ok && rest != "" && os.IsPathSeparator(rest[0]) && !seen[path] {
				seen[path] = true
				if _, err := os.Lstat(path); err != nil {
					files = append(files, path)
				}
				return
			}
		}
	}
	for path := range n.late {
		look(path)
	}
	n.mu.Unlock()
	unpack(packed, look)
	return files
}

// packer packs paths: of each, how many bytes it has in common with the one
// before, and the rest of it, all compressed.
type packer struct {
	out  bytes.Buffer
	zip  *flate.Writer
	last string
}

func newPacker() *packer {
	p := &packer{}
	p.zip, _ = flate.NewWriter(&p.out, flate.BestSpeed) // the level is a valid one
	return p
}

func (p *packer) add(path string) {
	same := 0
	for same < len(path) && same < len(p.last) && path[same] == p.last[same] {
		same++
	}
	var head [2 * binary.MaxVarintLen64]byte
	at := binary.PutUvarint(head[:], uint64(same))
	at += binary.PutUvarint(head[at:], uint64(len(path)-same))
	_, _ = p.zip.Write(head[:at]) // to memory
	_, _ = io.WriteString(p.zip, path[same:])
	p.last = path
}

func (p *packer) packed() []byte {
	_ = p.zip.Close()
	return bytes.Clone(p.out.Bytes())
}

// unpack calls see for every path.
func unpack(packed []byte, see func(path string)) {
	if packed == nil {
		return
	}
	in := bufio.NewReader(flate.NewReader(bytes.NewReader(packed)))
	var path []byte
	for {
		same, err := binary.ReadUvarint(in)
		more, err2 := binary.ReadUvarint(in)
		if err != nil || err2 != nil || same > uint64(len(path)) {
			return
		}
		path = append(path[:same], make([]byte, more)...)
		if _, err := io.ReadFull(in, path[same:]); err != nil {
			return
		}
		see(string(path))
	}
}
