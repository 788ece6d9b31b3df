package contents

import (
	"hash/maphash"
	"os"
	"sync"
	"time"
)

// found is what reading a file came to.
type found struct {
	value uint64
	empty bool // there is a file, without a byte in it
	young bool // it may hold something else next, and have the same time
}

// read reads the file at path, whose digest is given.
func (s *Store) read(path string, digest uint64) found {
	f, err := open(path)
	if err != nil {
		if os.IsNotExist(err) {
			return found{value: s.gone(digest)}
		}
		return found{value: unknown}
	}
	defer f.close()
	at, err := f.stat()
	if err != nil {
		return found{value: unknown}
	}
	out := found{value: unknown}
	var h maphash.Hash
	h.SetSeed(s.seed)
	maphash.WriteComparable(&h, digest)
	switch {
	case at.dir:
		h.WriteString("a directory")
	case !at.regular:
		return out // a fifo, a socket, a device: nothing to compare
	case at.size >= largeFile:
		maphash.WriteComparable(&h, [2]int64{at.size, at.modified.UnixNano()})
	default:
		buf := buffers.Get().(*[32 << 10]byte)
		defer buffers.Put(buf)
		sum := int64(0)
		for {
			n, err := f.read(buf[:])
			if err != nil {
				return out
			}
			if n == 0 {
				break
			}
			h.Write(buf[:n])
			// What is written while we read leads to another event. Most
			// files fit into the buffer: to ask for their end is not needed.
			if sum += int64(n); sum == at.size {
				break
			}
		}
		out.empty = sum == 0
	}
	// Where times are whole seconds, or two of them.
	age := time.Since(at.modified)
	out.young = at.modified.Nanosecond() == 0 && age < coarse && age > -coarse
	// The mode counts in one bit: a script that becomes executable has changed.
	if at.executable {
		h.WriteByte('x')
	}
	if out.value = h.Sum64() & (absence - 1); out.value <= unknown {
		out.value += 2
	}
	return out
}

// coarse is how long a file may be written with the time that it has, where times
// are kept in steps of seconds and clocks disagree.
const coarse = 3 * time.Second

// stat is what the system says of an open file.
type stat struct {
	dir, regular, executable bool
	size                     int64
	modified                 time.Time
}

var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}
