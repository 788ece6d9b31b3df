package fspoll

import (
	"errors"
	"hash/maphash"
	"syscall"
	"time"
)

// seen is what is at a path, links followed.
type seen struct {
	kind     kind
	link     bool // the path is a symbolic link
	dev, ino uint64
	mtime    int64
	ctime    int64  // or mtime where there is none
	stamp    uint64 // of all attributes, those of the link too; never 0
}

// probe looks at a path in a directory, or at the directory itself.
func (s *scanner) probe(path string, d *dir) (seen, error) {
	var own attributes
	var err error
	if err := s.ask.one(path, s.in(d), func() { own, err = s.ask.system.lstat(path) }); err != nil {
		return seen{}, err
	}
	return s.follow(path, own, err)
}

// follow is probe for a path whose lstat is known.
func (s *scanner) follow(path string, a attributes, err error) (seen, error) {
	if err != nil {
		return seen{}, err
	}
	link := a.kind == symlink
	var own attributes
	if link {
		own = a
		hangs := s.ask.one(path, alone, func() {
			if !s.leaf(path) {
				a, err = s.ask.system.stat(path)
			}
		})
		if hangs != nil {
			return seen{}, hangs
		}
		if isGone(err) || errors.Is(err, syscall.ELOOP) {
			a = own
		} else if err != nil {
			return seen{}, err
		}
	}
	found := seen{kind: a.kind, link: link, dev: a.dev, ino: a.ino, mtime: a.mtime, ctime: a.ctime}
	if a.ctime == 0 {
		found.ctime = a.mtime
	}
	if a.kind == directory {
		a.size = 0 // some systems count entries or blocks, and change it late
	}
	found.stamp = maphash.Comparable(s.seed, [2]attributes{own, a})
	if found.stamp == 0 {
		found.stamp = 1
	}
	return found, nil
}

// grain is the time within which two writes may leave the same modification time: 2 s on FAT, 1 s on some
// network file systems, and a second for clocks that disagree.
const grain = 3 * time.Second

// isFresh tells whether a write now could still leave this modification time.
func (s *scanner) isFresh(mtime int64) bool {
	age := s.time().UnixNano() - mtime
	return age < int64(grain) && age > -int64(grain)
}

// clockStep is the time within which two writes may leave the same modification time although that has fractions of a
// second: the system's clock for files moves in steps of up to 10 ms.
const clockStep = 50 * time.Millisecond

// isFreshAtFirst is isFresh for a file that is seen for the first time, before anything depends on it: times with fractions
// of a second are trusted, and so is the clock.
func (s *scanner) isFreshAtFirst(mtime int64) bool {
	exact := mtime%int64(time.Second) != 0
	return s.isFresh(mtime) && (!exact || s.time().UnixNano()-mtime <= int64(clockStep))
}
