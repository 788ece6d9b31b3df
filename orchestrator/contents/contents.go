// Package contents remembers what files hold, so that writing the same bytes
// again is no change. It keeps digests, never bytes, and never watches.
package contents

import (
	"hash/maphash"
	"sync"
)

// largeFile is the size in bytes from which a file is known by its size and time
// alone: reading it at every save would cost more than a needless run.
const largeFile = 8 << 20

// Store knows the content that files had when they were last looked at, in 12
// bytes a file. Paths and contents are kept as digests of a seed that nobody
// can predict: 56 bits of a path's, 47 of a content's. Two contents of one
// file are mistaken for each other once in 2^47. Two paths whose digests are
// the same are not mistaken for each other, because the digest of a content,
// or of there being none, is one of the path too: each finds that the file has
// changed when the other was looked at last.
//
// It is safe for concurrent use.
type Store struct {
	seed     maphash.Seed
	pathBits uint64 // which bits of a path's digest count: tests make them few

	mu     sync.Mutex // guards all below
	sums   Sums       // that are kept for others; nil: none are. A content is known by its sum then
	next   Sums       // what sums is to be
	known  *table
	lesson *Lesson // that still counts, if any
	ended  *Lesson // the one that made it whole
	whole  bool    // a lesson has seen every file: what is not known is not there
}

// The values of a table, beside the digests: those from unknown+1 to
// absence-1 are of contents, the rest of a path that has none.
const (
	nothing = 0       // no entry
	unknown = 1       // it is there, but what it holds is not known
	absence = 1 << 47 // this bit: the file is not there
)

func isAbsent(value uint64) bool { return value&absence != 0 }

// mostAbsent is how many files that have gone are remembered once all is
// known. Forgetting them only matters to a path whose digest is the same: so
// no temporary file is worth a growing memory.
const mostAbsent = 1 << 16

// New makes an empty store: every content is unknown.
func New() *Store {
	return &Store{seed: maphash.MakeSeed(), pathBits: ^uint64(0), known: &table{}}
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
	digest := s.digest(path)
	s.mu.Lock()
	known, sums := s.known, s.sums
	s.mu.Unlock()
	file := s.read(path, digest, sums)
	key := digest & s.pathBits
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != known {
		file.value = unknown // Forget was called meanwhile
	}
	before := s.known.get(key)
	if before == nothing && s.whole {
		if isAbsent(file.value) {
			return Look{} // it came and went
		}
		before = s.gone(digest)
	}
	changed := before == nothing || before == unknown || file.value == unknown || before != file.value
	if changed && !final && file.empty {
		if before == nothing {
			s.known.put(key, unknown) // a lesson may have read it when it was empty already
		}
		return Look{Emptied: true}
	}
	s.known.put(key, file.value)
	if s.whole && s.known.absent > mostAbsent {
		s.known.dropAbsent()
	}
	return Look{Changed: changed}
}

// Forget makes every content unknown again: for when changes may have gone by
// unseen, or other files come into sight. A lesson that is going on counts no more.
// What was known is handed back.
func (s *Store) Forget() *Past {
	s.mu.Lock()
	defer s.mu.Unlock()
	past := &Past{store: s, tables: []*table{s.known}}
	s.known, s.whole, s.lesson, s.ended, s.sums = &table{}, false, nil, nil, s.next
	return past
}

// Past is what a store knew before it forgot: it tells files that were in sight
// from others.
type Past struct {
	store  *Store
	tables []*table // the earliest first; guarded by the store's mu
}

// Add adds what was forgotten later.
func (p *Past) Add(later *Past) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.tables = append(p.tables, later.tables...)
}

// Knew tells whether the file was there, and known. Of no past at all, nothing is.
func (p *Past) Knew(path string) bool {
	if p == nil {
		return false
	}
	key := p.store.digest(path) & p.store.pathBits
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	for i := len(p.tables) - 1; i >= 0; i-- {
		if value := p.tables[i].get(key); value != nothing {
			return !isAbsent(value)
		}
	}
	return false
}

// Drop makes the file one that was not known: it has changed while it was out of
// sight.
func (p *Past) Drop(path string) { p.put(path, p.store.gone(p.store.digest(path))) }

// Meet makes the file one that was known: it has come into sight.
func (p *Past) Meet(path string) { p.put(path, unknown) }

func (p *Past) put(path string, value uint64) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.tables[len(p.tables)-1].put(p.store.digest(path)&p.store.pathBits, value)
}

// Gone tells whether the file is known not to have been there when it was last
// looked at.
func (s *Store) Gone(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.known.get(s.digest(path) & s.pathBits)
	return isAbsent(value) || value == nothing && s.whole
}

func (s *Store) digest(path string) uint64 { return maphash.String(s.seed, path) }

// gone is the value of a path where no file is.
func (s *Store) gone(digest uint64) uint64 { return mix(digest)&(absence-1) | absence }

// mix spreads the bits of a path's digest over a word, so that values of paths
// that share an entry differ (the finalizer of MurmurHash3, public domain).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
