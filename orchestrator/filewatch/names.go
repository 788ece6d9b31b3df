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

// names knows the paths of the watched files, to answer one question: which files did a removed directory
// have? In a large tree they are many, and rarely needed, so they are kept compressed, in some four bytes a
// file. Files that have changed since are kept separately. It is safe for concurrent use.
type names struct {
	mu     sync.Mutex // guards what follows
	packed []byte     // see packer; nil: they are not known yet
	late   map[string]struct{}
}

// mostLate is how many files may be added one by one. The next reading adds any further ones.
const mostLate = 4096

// replace takes a packer's paths instead of all that was known.
func (n *names) replace(packed []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packed, n.late = packed, nil
}

// add adds a file that has changed and may be new.
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

// below lists the known files of some removed directories that do not exist now, each once.
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

// packer packs paths: of each, how many bytes it has in common with the one before, and the rest, all
// compressed.
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
