// Package contents remembers what files hold, so that writing the same bytes
// again is no change. It keeps digests, never bytes, and never watches.
package contents

import (
	"hash/maphash"
	"io"
	"os"
	"sync"
	"time"
)

// Large is the size in bytes from which a file is known by its size and time
// alone: reading it at every save would cost more than a needless run.
const Large = 8 << 20

// Store knows the content that files had when they were last looked at. Paths
// and contents are kept as 64-bit digests of a seed that nobody can predict:
// two contents of one file are mistaken for each other once in 2^64.
//
// It is safe for concurrent use.
type Store struct {
	seed maphash.Seed

	mu    sync.Mutex // guards all below
	known map[uint64]uint64
	since time.Time // Learn takes in only what has not changed since
	whole bool      // Learn has seen every file: what is not known is not there
}

// What stands in known in place of a digest.
const (
	absent  = 0 // the file is not there
	unknown = 1 // it is there, but when it changed last is not known
)

// New makes an empty store: every content is unknown. since is a time before
// anything began to depend on contents.
func New(since time.Time) *Store {
	return &Store{seed: maphash.MakeSeed(), known: map[uint64]uint64{}, since: since}
}

// Look is what a file was found to be.
type Look struct {
	Changed bool // it differs from what was known, or nothing was known

	// Emptied is a file that holds nothing now, and did not before. Whoever
	// writes a file in place empties it first, so this says nothing yet: what
	// was known stands until the file is looked at again, or Settle is called.
	Emptied bool
}

// Look reads the file now. What it finds is what the next Look compares with,
// so whoever is told of a change must act on what the file holds from now on.
func (s *Store) Look(path string) Look { return s.look(path, false) }

// Settle is Look for a file that has been empty for long enough: nobody is
// writing it, it is meant to be empty.
func (s *Store) Settle(path string) Look { return s.look(path, true) }

func (s *Store) look(path string, final bool) Look {
	// Read first: a change during or after the reading leads to another event,
	// and that one finds something else than what is noted here.
	now, size := s.digest(path, nil)
	key := s.key(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.known[key]
	if !known && s.whole {
		before, known = absent, true
	}
	changed := !known || before == unknown || now == unknown || before != now
	if changed && !final && size == 0 && now != absent && now != unknown {
		return Look{Emptied: true}
	}
	if now == absent && s.whole {
		delete(s.known, key)
	} else {
		s.known[key] = now
	}
	return Look{Changed: changed}
}

// Learn notes what an existing file holds, if nothing is known of it and it
// has not changed since the store was made: what changed later may be on its
// way here as an event, and must find nothing to agree with.
func (s *Store) Learn(path string) {
	key := s.key(path)
	s.mu.Lock()
	_, known := s.known[key]
	s.mu.Unlock()
	if known {
		return
	}
	var changed time.Time
	now, _ := s.digest(path, &changed)
	if now == absent {
		return
	}
	// The clock that stamps files ticks in steps of some milliseconds.
	if !changed.Before(s.since.Add(-20 * time.Millisecond)) {
		now = unknown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[key]; !known {
		s.known[key] = now
	}
}

// Learned says that Learn has been called for every file there is.
func (s *Store) Learned() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
	for key, digest := range s.known {
		if digest == absent {
			delete(s.known, key)
		}
	}
}

// Forget makes every content unknown again: for when changes may have gone by
// unseen.
func (s *Store) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.whole = map[uint64]uint64{}, false
	s.since = time.Time{} // whatever is being learned now is too old
}

// Len is how many files are known.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.known)
}

func (s *Store) key(path string) uint64 { return maphash.String(s.seed, path) }

// digest reads a file, and counts what it holds in bytes. changed, if not nil,
// is set to the time of the file's last change of any kind.
func (s *Store) digest(path string, changed *time.Time) (digest uint64, size int64) {
	f, err := open(path)
	if err != nil {
		if os.IsNotExist(err) {
			return absent, 0
		}
		return unknown, 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return unknown, 0
	}
	if changed != nil {
		*changed = changeTime(info)
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	switch {
	case info.IsDir():
		h.WriteString("a directory")
		size = 1 // it holds something else than bytes
	case !info.Mode().IsRegular():
		return unknown, 0 // a fifo, a socket, a device: nothing to compare
	case info.Size() >= Large:
		size = info.Size()
		maphash.WriteComparable(&h, [2]int64{size, info.ModTime().UnixNano()})
	default:
		buf := buffers.Get().(*[64 << 10]byte)
		defer buffers.Put(buf)
		for {
			n, err := f.Read(buf[:])
			h.Write(buf[:n])
			size += int64(n)
			if err == io.EOF {
				break
			}
			if err != nil {
				return unknown, 0
			}
		}
	}
	// The mode counts in one bit: a script that becomes executable has changed.
	if info.Mode()&0o111 != 0 {
		h.WriteByte('x')
	}
	if digest = h.Sum64(); digest <= unknown {
		digest += 2
	}
	return digest, size
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}
