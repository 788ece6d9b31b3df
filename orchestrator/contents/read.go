package contents

import (
	"crypto/sha256"
	"hash/maphash"
	"io"
	"os"
	"sync"
	"time"

	"devloop/orchestrator/plainfile"
)

// found is what reading a file came to.
type found struct {
	value uint64
	empty bool // there is a file, without a byte in it
	young bool // it may hold something else next, and have the same time
}

// Sums keeps the SHA-256 of files for others, who need not read them again, and knows those that others have read. Its
// methods are called by several goroutines.
type Sums interface {
	// Known is the sum of a file of which the system says this, if it is certain.
	Known(at plainfile.Stat) (sum [sha256.Size]byte, ok bool)
	// Note is told of a file that was read whole and did not change meanwhile, and when the reading began.
	Note(at plainfile.Stat, began time.Time, sum [sha256.Size]byte)
}

// Keep has sums kept from the next Forget on; nil ends it.
func (s *Store) Keep(sums Sums) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = sums
}

// read reads the file at path, whose digest is given.
func (s *Store) read(path string, digest uint64, sums Sums) found {
	var began time.Time
	if sums != nil {
		began = time.Now()
	}
	f, err := plainfile.Open(path)
	if err != nil {
		if os.IsNotExist(err) {
			return found{value: s.gone(digest)}
		}
		return found{value: unknown}
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil {
		return found{value: unknown}
	}
	out := found{value: unknown}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	h := &r.hash
	h.SetSeed(s.seed)
	maphash.WriteComparable(h, digest)
	switch {
	case at.Kind == plainfile.Directory:
		h.WriteString("a directory")
	case at.Kind != plainfile.Regular:
		return out // a fifo, a socket, a device: nothing to compare
	case at.Size >= largeFile:
		maphash.WriteComparable(h, [2]int64{at.Size, at.Modified})
	case sums != nil:
		sum, known := sums.Known(at)
		size := at.Size
		if !known {
			whole := sha256.New()
			if size, err = r.copy(whole, f, at.Size); err != nil {
				return out
			}
			whole.Sum(sum[:0])
			if end, err := f.Stat(); err == nil && end == at && size == at.Size {
				sums.Note(at, began, sum)
			}
		}
		h.Write(sum[:])
		out.empty = size == 0
	default:
		size, err := r.copy(h, f, at.Size)
		if err != nil {
			return out
		}
		out.empty = size == 0
	}
	// Where times are whole seconds, or two of them.
	age := time.Since(time.Unix(0, at.Modified))
	out.young = at.Modified%int64(time.Second) == 0 && age < coarse && age > -coarse
	// The mode counts in one bit: a script that becomes executable has changed.
	if at.Executable {
		h.WriteByte('x')
	}
	if out.value = h.Sum64() & (absence - 1); out.value <= unknown {
		out.value += 2
	}
	return out
}

// reader is what reading a file needs: it is used again for the next.
type reader struct {
	hash maphash.Hash
	buf  [32 << 10]byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// copy reads a file to its end and says how much it was. What is written meanwhile leads to another event. Most files fit
// into the buffer: when it has size bytes, their end is not asked for.
func (r *reader) copy(to io.Writer, f plainfile.File, size int64) (sum int64, err error) {
	for {
		n, err := f.Read(r.buf[:])
		if err != nil || n == 0 {
			return sum, err
		}
		if _, err := to.Write(r.buf[:n]); err != nil {
			return sum, err
		}
		if sum += int64(n); sum == size {
			return sum, nil
		}
	}
}

// coarse is how long a file may be written with the time that it has, where times
// are kept in steps of seconds and clocks disagree.
const coarse = 3 * time.Second
